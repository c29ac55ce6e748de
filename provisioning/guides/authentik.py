"""authentik pushes, with its own SCIM provider."""

from provisioning.guides.everywhere import EVERYWHERE
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDE = Guide(
    key="authentik",
    title="authentik",
    about="authentik brings its own SCIM provider. It serves beside an application that people sign in to.",
    sections=(
        Section(
            "authentik's side",
            (
                Step(
                    "In the *Admin interface*, *Applications → Providers → Create*, *SCIM Provider*:",
                    (
                        Value("URL", "ENDPOINT", copied=True),
                        Value("Token", "the Secret Token"),
                        Value("Authentication mode", "Static token, where it is asked"),
                        Value("SCIM Compatibility Mode", "Default"),
                        Value("User Property Mappings", "authentik default SCIM Mapping: User"),
                        Value("Group Property Mappings", "authentik default SCIM Mapping: Group"),
                    ),
                ),
                Step("Under *User filtering*, exclude service accounts, and choose a group if not everybody is meant."),
                Step(
                    "*Applications → Applications*, edit the application (or create one), and add the provider to "
                    "*Backchannel Providers*, not to *Provider*. Without an application nothing is sent."
                ),
                Step("Open the provider and start a sync. From then on changes are sent at once, all once an hour."),
            ),
        ),
    ),
    first="Open the provider in authentik and start a sync. It asks for the *ServiceProviderConfig* first.",
    pitfalls=(
        Pitfall(
            "authentik makes no requests",
            "The provider is not among *Backchannel Providers* of an application, or the worker does not run",
        ),
        Pitfall(
            "409 for a user, then 200",
            "The user was here already: authentik finds it by userName and goes on with it. That is right",
        ),
        Pitfall(
            "A setting changed here is not noticed",
            "authentik remembers the *ServiceProviderConfig* for an hour",
        ),
        Pitfall(
            "Somebody who was removed here comes back",
            "authentik makes a user or group again that it does not find: take them out of its *User filtering*",
        ),
        *EVERYWHERE,
    ),
)
