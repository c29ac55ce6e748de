"""Any other client that speaks SCIM 2.0."""

from provisioning.guides.everywhere import EVERYWHERE
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDE = Guide(
    key="other",
    title="Other",
    about="Every client that speaks SCIM 2.0 (RFC 7643 and 7644) can push people and groups.",
    sections=(
        Section(
            "The client's side",
            (
                Step(
                    "Enter where to push, and how the client shows who it is:",
                    (
                        Value("SCIM endpoint", "ENDPOINT", copied=True),
                        Value("Header", "Authorization: Bearer, then the Secret Token"),
                        Value("Content type", "application/scim+json", copied=True),
                    ),
                ),
                Step(
                    "Map the attributes. Everything else of RFC 7643 is taken too; /Schemas lists it.",
                    (
                        Value("What people sign in with", "userName", copied=True),
                        Value("The client's own, unchanging id", "externalId", copied=True),
                        Value("Whether the person has access", "active", copied=True),
                        Value("Names", "name.givenName, name.familyName", copied=True),
                        Value("E-mail", "emails", copied=True),
                        Value("A group's name", "displayName", copied=True),
                    ),
                ),
                Step(
                    "Say what this server can do, if the client asks: PATCH, Bulk, filter, sort, ETag and paging by "
                    "index and by cursor. No passwords: they are accepted and discarded."
                ),
                Step("Push people first, then groups: members are named by the id that a person was given here."),
            ),
        ),
        Section(
            "Without any client",
            (
                Step(
                    "To see what the server thinks of a token and an endpoint, put the Secret Token into a variable "
                    "and ask. It answers 200 if both are right and the integration is enabled.",
                    (
                        Value(
                            "Command",
                            'curl -sS -H "Authorization: Bearer $SECRET_TOKEN" ENDPOINT/ServiceProviderConfig',
                            copied=True,
                        ),
                    ),
                ),
            ),
        ),
    ),
    first="Let the client test its connection, or push one person.",
    pitfalls=(
        Pitfall(
            "409 for a user",
            "This integration has a user of that userName, in whatever letter case. The detail names its id",
        ),
        Pitfall(
            "400 for a group",
            "Members are people. A group as a member is refused, with a sentence that says so",
        ),
        Pitfall(
            "A group is empty after a change",
            "A PUT replaces the whole group: without `members` it has none",
        ),
        *EVERYWHERE,
    ),
)
