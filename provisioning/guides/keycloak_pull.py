"""This server pulls from a Keycloak without any extension."""

from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDE = Guide(
    key="keycloak-pull",
    title="Keycloak (pull)",
    about=(
        "This server reads users, groups and memberships from Keycloak's own Admin REST API and applies them as if "
        "they had been pushed. Keycloak needs no extension; it needs a client that may read."
    ),
    sections=(
        Section(
            "Keycloak's side: a client that may read",
            (
                Step(
                    "In the realm, *Clients → Create client*:",
                    (
                        Value("Client type", "OpenID Connect"),
                        Value("Client ID", "kestra-iam", copied=True),
                    ),
                ),
                Step(
                    "*Next*, and under *Capability config*:",
                    (
                        Value("Client authentication", "on"),
                        Value("Authentication flow", "Service accounts roles alone, everything else off"),
                    ),
                ),
                Step("*Save*. On the tab *Credentials*, copy the *Client Secret*."),
                Step(
                    "On the tab *Service accounts roles*, *Assign role → Client roles*: choose these three of the "
                    "client `realm-management`, and no others. They read; none of them writes.",
                    (
                        Value("Role", "view-users", copied=True),
                        Value("Role", "query-users", copied=True),
                        Value("Role", "query-groups", copied=True),
                    ),
                ),
            ),
        ),
        Section(
            "Our side: the source",
            (
                Step(
                    "On the tab **Pull from Keycloak** of the integration:",
                    (
                        Value("Base URL", "KEYCLOAK_URL, up to and without `/realms`"),
                        Value("Realm", "the name of the realm, as in `/realms/REALM`"),
                        Value("Client ID", "kestra-iam", copied=True),
                        Value("Client secret", "what you copied in Keycloak; it is kept encrypted and never shown"),
                        Value("Groups", "paths such as `/staff`, one a line; empty for all"),
                    ),
                ),
                Step(
                    "Choose **Try without writing** first: it reads everything and says what it would do. Then "
                    "**Sync now**."
                ),
                Step(
                    "To keep in step, let the server run it again and again:",
                    (Value("Command", "manage.py keycloak sync INTEGRATION_ID --every 15m", copied=True),),
                ),
                Step("Open **Groups**, and bind roles to the groups that arrived. A subgroup is named by its path."),
            ),
            "The SCIM endpoint and the Secret Token are not needed for this.",
        ),
    ),
    first="Nothing is pushed here. Choose **Try without writing** on the tab **Pull from Keycloak**.",
    pitfalls=(
        Pitfall(
            "The address is refused",
            "Addresses must be https and public. The operator names others, for example a Keycloak of the own network, "
            "in `OUTBOUND_ALLOW`",
        ),
        Pitfall(
            "*Keycloak refuses the client*, or *The client may not sign in by itself*",
            "*Client ID* or *Client secret* is wrong, the client belongs to another realm, or *Client authentication* "
            "or *Service accounts roles* is off",
        ),
        Pitfall(
            "*Keycloak counts N people and shows none of them*",
            "The role `view-users` is missing; with `query-users` alone Keycloak answers with empty lists",
        ),
        Pitfall(
            "*The client may not read users*, or groups",
            "One of the roles `view-users`, `query-users` and `query-groups` is missing. They are roles of the client "
            "`realm-management`, not of the realm",
        ),
        Pitfall(
            "*There is no realm*, or an answer that *is not Keycloak's*",
            "The name of the realm is case-sensitive. Older Keycloaks have `/auth` at the end of their address",
        ),
        Pitfall(
            "A run stopped because too many people would lose something",
            "More people than the share set at the source have gone, are disabled in Keycloak, or left a group with a "
            "role bound to it. If that is right, let the run go on; if not, look at the realm and the groups first: "
            "nothing was written",
        ),
        Pitfall(
            "A group lacks the members of its subgroups",
            "Members are those who are in a group directly, as in Keycloak: who is in `/a/b` alone is not in `/a`",
        ),
        Pitfall(
            "A run was interrupted",
            "The server ended, or Keycloak could not be reached. Start it again: it goes on with what is missing, and "
            "nothing is lost or made twice",
        ),
        Pitfall(
            "The client secret cannot be read",
            "The secret key of this server has changed, with which it was encrypted. Enter the client secret again",
        ),
        Pitfall(
            "Somebody is pushed and pulled",
            "Use one way for each integration. Two integrations of one tenant may bring the same person; the person "
            "has access while one of them gives it",
        ),
    ),
)
