"""Okta pushes, from an app with SCIM provisioning."""

from provisioning.guides.everywhere import EVERYWHERE
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDE = Guide(
    key="okta",
    title="Okta",
    about="Any app of Okta with SCIM provisioning can push: an own SAML or SWA app, or one of the SCIM 2.0 test apps.",
    sections=(
        Section(
            "Okta's side",
            (
                Step(
                    "*Applications → Create App Integration*, *SAML 2.0* or *SWA*. Then *General → App Settings → "
                    "Edit*: choose *SCIM* for *Provisioning*, *Save*."
                ),
                Step(
                    "*Provisioning → Integration → Edit*:",
                    (
                        Value("SCIM connector base URL", "ENDPOINT", copied=True),
                        Value("Unique identifier field for users", "userName", copied=True),
                        Value(
                            "Supported provisioning actions",
                            "Push New Users, Push Profile Updates, Push Groups",
                        ),
                        Value("Authentication Mode", "HTTP Header"),
                        Value("Authorization: Bearer", "the Secret Token"),
                    ),
                ),
                Step("*Test Connector Configuration*, then *Save*."),
                Step(
                    "*Provisioning → To App → Edit*: enable *Create Users*, *Update User Attributes* and *Deactivate "
                    "Users*. Leave *Sync Password* off: passwords are accepted and discarded."
                ),
                Step("*Assignments*: assign the people or the groups of people who are to arrive."),
                Step(
                    "*Push Groups*: add the groups that are to arrive as groups. Only then are there groups to bind "
                    "roles to."
                ),
            ),
        ),
    ),
    first="Press *Test Connector Configuration* in Okta.",
    pitfalls=(
        Pitfall(
            "People arrive, groups do not",
            "Assigning a group sends its people alone. *Push Groups* sends the group",
        ),
        Pitfall(
            "Members of a pushed group are missing",
            "Okta pushes only members who are assigned to the app. Use other groups to assign than to push",
        ),
        Pitfall(
            "People stay after they left",
            "Okta never removes a user: it sends `active` false. The person has no access from the next request on, "
            "and stays in the list",
        ),
        Pitfall(
            "The test complains of the authentication",
            "Okta writes *Bearer* itself: enter the Secret Token alone",
        ),
        Pitfall(
            "A change that failed is not sent again",
            "Look at *Dashboard → Tasks* in Okta and retry it there",
        ),
        *EVERYWHERE,
    ),
)
