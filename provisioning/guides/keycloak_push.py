"""Keycloak pushes, through an extension."""

from provisioning.guides.everywhere import DISABLED, NO_INTEGRATION, ROTATED, TENANTS_DISABLED
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

COMPONENT = (
    Value("SCIM 2.0 endpoint", "ENDPOINT", "endpoint", copied=True),
    Value("Endpoint content type", "application/scim+json", "content-type", copied=True),
    Value("Auth mode", "BEARER", "auth-mode", copied=True),
    Value("Auth password/token", "the Secret Token", "auth-pass"),
    Value("Enable user propagation", "on", "propagation-user"),
    Value("Enable group propagation", "on", "propagation-group"),
    Value("Enable refresh during sync", "on: a sync pushes only then", "sync-refresh"),
    Value("Enable import during sync", "off: Keycloak is the source", "sync-import"),
    Value("Import action", "NOTHING", "sync-import-action"),
    Value(
        "Use PATCH for users, for groups",
        "off: PATCH sends neither names nor e-mail addresses of users",
        "user-patchOp, group-patchOp",
    ),
)

GUIDE = Guide(
    key="keycloak",
    title="Keycloak (plugin)",
    about=(
        "Keycloak itself pushes nothing, so it needs an extension: pelotech/keycloak-scim, mitodl/keycloak-scim or "
        "SCIM for Keycloak. Take pelotech/keycloak-scim unless you are bound to another one. A Keycloak without any "
        "extension can be pulled from instead."
    ),
    sections=(
        Section(
            "keycloak-scim (pelotech, mitodl)",
            (
                Step(
                    "Put the jar into `providers/` of Keycloak (`/opt/keycloak/providers/` in the official image) and "
                    "start again. With `kc.sh start --optimized`, run `kc.sh build` first."
                ),
                Step(
                    "*Realm settings → Events → Event listeners*: add `scim`, *Save*. Without it only a sync pushes "
                    "anything.",
                    (Value("Event listener", "scim", copied=True),),
                ),
                Step("*User federation → Add provider → scim*, and fill in:", COMPONENT),
                Step(
                    "Enable the integration on our side, then start the full sync: at the provider, "
                    "*Action → Sync all users*."
                ),
            ),
        ),
        Section(
            "The same by one command",
            (
                Step(
                    "On the server of Kestra IAM. It asks for the password of Keycloak's administrator, sets up the "
                    "provider and the event listener, gives Keycloak a new Secret Token if it has none that works, "
                    "starts a full sync and tells what arrived. With `--dry-run` it only says what it would change.",
                    (
                        Value(
                            "Command",
                            "manage.py keycloak connect INTEGRATION_ID --url KEYCLOAK_URL --realm REALM",
                            copied=True,
                        ),
                    ),
                ),
            ),
            "The extension has to be there already.",
        ),
        Section(
            "SCIM for Keycloak",
            (
                Step(
                    "Get an account and the free licence, put the jar into `providers/`, and give Keycloak the licence "
                    "key in `KC_SPI_REALM_RESTAPI_EXTENSION_SCIM_LICENSE_KEY`."
                ),
                Step("Open its *SCIM Administration Console* and enable SCIM for the realm."),
                Step(
                    "Add a *Remote SCIM Provider*:",
                    (
                        Value("Base URL", "ENDPOINT", copied=True),
                        Value("Authentication", "the Secret Token, as a Bearer token"),
                        Value("Bulk", "off: one request for each change can be read and repeated"),
                        Value("Password synchronization", "off: passwords are accepted and discarded"),
                    ),
                ),
                Step("Enable the integration on our side, then start its synchronization."),
            ),
            "Commercial, with a free licence. The settings are the vendor's; its own documentation describes them in "
            "full. It sends its own `id` and no `externalId`: the `id` is ignored, and a person is found again by "
            "userName.",
        ),
    ),
    first="Start a full sync in Keycloak: *User federation → scim → Action → Sync all users*.",
    pitfalls=(
        Pitfall(
            "Users that Keycloak has do not arrive",
            "The listener pushes a user, and a later change of it, only while *Email verified* is on. A full sync "
            "sends the others too. So disabling somebody whose e-mail address is not verified reaches us only with the "
            "next full sync",
        ),
        Pitfall(
            "Nothing arrives and *Recent requests* is empty",
            "Keycloak cannot reach the endpoint, or `scim` is no event listener of the realm. Keycloak's log tells "
            "which. The counter *Requests without a valid token* grows if the token is wrong",
        ),
        Pitfall("A sync says that it has done nothing", "*Enable refresh during sync* is off"),
        Pitfall(
            "401 for everything",
            "*Auth mode* is not `BEARER`, or the token was rotated or copied with a blank. `BASIC_AUTH` does not work",
        ),
        DISABLED,
        TENANTS_DISABLED,
        NO_INTEGRATION,
        Pitfall(
            "409 for a user",
            "This integration has a user of that userName, in whatever letter case. The detail names its id. "
            "keycloak-scim does not adopt it: it has lost its mapping, for example because its provider was removed "
            "and made again. Replace the integration too: a new one knows nobody",
        ),
        Pitfall(
            "Keycloak was stopped in the middle of a full sync, and the next ones bring nobody new",
            "keycloak-scim has forgotten whom it had pushed, and gives up at the first 409; Keycloak reports no "
            "failure. With pelotech switch *Enable import during sync* on, leave *Import action* at NOTHING and sync "
            "once more: it finds everybody by username again",
        ),
        Pitfall(
            "Users called `service-account-…`",
            "A full sync of keycloak-scim pushes the realm's service accounts too. They are in no group: bind roles to "
            "groups, and they may do nothing",
        ),
        Pitfall(
            "409 for a group",
            "Two groups of one integration share a name only if both carry different `externalId`s. Both keycloak-scim "
            "extensions send one, so subgroups of the same bare name work. SCIM for Keycloak sends none: rename one of "
            "the two",
        ),
        Pitfall(
            "A group is empty after a change",
            "keycloak-scim pushes a group by PUT with all its members, and leaves `members` out for an empty group. A "
            "PUT without members therefore empties the group: that is what Keycloak meant",
        ),
        Pitfall(
            "Members are missing",
            "keycloak-scim lists only people that it has pushed. Push them first (*Email verified*), then start a full "
            "sync",
        ),
        Pitfall("A new subgroup does not arrive", "The listener does not push it when it is created. A full sync does"),
        Pitfall(
            "A subgroup stays after its parent was removed",
            "Keycloak tells the extension of the parent alone. Remove the subgroup first. **Watch a full sync** finds "
            "what stayed behind",
        ),
        Pitfall("Users of a partial import do not arrive", "Keycloak makes no user events for them. Start a full sync"),
        Pitfall(
            "A user removed by an administrator stays",
            "mitodl does not send this. Use pelotech, or disable the user and wait for the push before you remove it. "
            "**Watch a full sync** finds who stayed behind",
        ),
        ROTATED,
    ),
)
