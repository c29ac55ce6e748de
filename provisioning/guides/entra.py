"""Microsoft Entra ID pushes, from an enterprise application."""

from provisioning.guides.everywhere import EVERYWHERE
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDE = Guide(
    key="entra",
    title="Entra ID",
    about="An enterprise application of Entra ID pushes the people and groups that are assigned to it.",
    sections=(
        Section(
            "Entra's side",
            (
                Step(
                    "*Enterprise applications → New application → Create your own application*, *Integrate any other "
                    "application you don't find in the gallery*."
                ),
                Step(
                    "*Provisioning → Connect your application* (or *Get started*, and *Automatic* as the mode):",
                    (
                        Value("Tenant URL", "ENDPOINT?aadOptscim062020", copied=True),
                        Value("Secret Token", "the Secret Token"),
                    ),
                ),
                Step("*Test Connection*, then *Save* or *Create*."),
                Step(
                    "*Mappings → Provision Microsoft Entra ID Users*: keep *userName* as the matching attribute, and "
                    "let *objectId* go to *externalId* in place of *mailNickname*, which changes.",
                    (
                        Value("Matching attribute", "userName", copied=True),
                        Value("objectId goes to", "externalId", copied=True),
                    ),
                ),
                Step(
                    "*Mappings → Provision Microsoft Entra ID Groups*: keep *displayName* as the matching attribute, "
                    "and *objectId* to *externalId*."
                ),
                Step(
                    "*Users and groups*: assign those who are to arrive, with *Scope* set to *Sync only assigned users "
                    "and groups*."
                ),
                Step("*Start provisioning*. A cycle begins about every 40 minutes."),
            ),
        ),
    ),
    first="Press *Test Connection* in Entra ID. It asks for a user that does not exist.",
    pitfalls=(
        Pitfall(
            "Requests do not follow the standard",
            'Without `?aadOptscim062020` at the end of the *Tenant URL*, Entra sends `active` as the text `"False"` '
            "and removes members in a way of its own. Both are understood here; with it, Entra keeps to RFC 7644. "
            "*Provision on demand* ignores it",
        ),
        Pitfall(
            "Nothing happens for a while",
            "Entra works in cycles of 40 minutes. *Provision on demand* sends one person at once",
        ),
        Pitfall(
            "People of a nested group do not arrive",
            "Entra provisions only direct members of an assigned group",
        ),
        Pitfall(
            "Provisioning is in *quarantine*",
            "Too many requests failed, for example while the integration was disabled. Correct the cause, then "
            "*Restart provisioning*: that is the full sync",
        ),
        Pitfall(
            "A removed person is still listed",
            "Entra first sends `active` false, and removes the user 30 days later",
        ),
        *EVERYWHERE,
    ),
)
