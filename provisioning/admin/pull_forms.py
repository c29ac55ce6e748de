"""The form that says where an integration pulls from."""

from typing import Any

from django import forms

from kestra_iam.console.forms import ConsoleForm
from provisioning.models import PullSource

PERCENTAGE = "Enter a whole number of per cent from 0 to 100."
KEPT = "Empty keeps the one that is stored. It has to be entered again for another URL, realm or client."


class PullSourceForm(ConsoleForm):
    """A realm of a Keycloak and a client of it; the secret is never shown again."""

    base_url = forms.CharField(
        label="Base URL",
        max_length=255,
        error_messages={"required": "Enter where Keycloak is, such as https://keycloak.example.org."},
        help_text="Where Keycloak is, such as https://keycloak.example.org (older ones: with /auth behind it).",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    realm = forms.CharField(
        label="Realm",
        max_length=255,
        error_messages={"required": "Enter the name of the realm, as in /realms/NAME."},
        help_text="Its name as in /realms/NAME; capitals count.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=255,
        error_messages={"required": "Enter the ID of a client of this realm."},
        help_text="A client of the realm whose service account has the roles view-users, query-users and query-groups.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=1024,
        required=False,
        help_text="Keycloak shows it under Credentials. It is kept encrypted and not shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    group_filter = forms.CharField(
        label="Groups",
        max_length=20_000,
        required=False,
        help_text="Paths, one a line, such as /staff: these groups and those below them come. Empty for all. "
        "People come all the same.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    loss_limit = forms.IntegerField(
        label="Stop above (%)",
        min_value=0,
        max_value=100,
        initial=20,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), PERCENTAGE),
        help_text="A run that would take access from a larger share of the people stops before it writes, and asks.",
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        if self.instance is not None:
            self.fields["client_secret"].help_text = KEPT

    def forget_secret(self) -> None:
        """Say that a secret which was typed has to be typed again: it is in no page, not even in this one."""
        if self.data.get("client_secret"):
            # The field has been bound: what it shows is kept there.
            self["client_secret"].help_text = "Enter it once more: no page holds it."


def initial_of(source: PullSource | None) -> dict[str, Any]:
    """Return what the form begins with."""
    names = ("base_url", "realm", "client_id", "group_filter", "loss_limit")
    return {name: getattr(source, name) for name in names} if source else {}
