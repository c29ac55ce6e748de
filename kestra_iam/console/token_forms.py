"""The form for a new API token, of a service account or of oneself."""

from datetime import timedelta

from django import forms
from django.utils import timezone

from kestra_iam.console.forms import ConsoleForm

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "none": "No end"}


class ApiTokenForm(ConsoleForm):
    name = forms.CharField(
        max_length=63,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Lower-case letters, digits and single hyphens, for example nightly-export.",
    )
    lifetime = forms.ChoiceField(label="Valid for", choices=list(LIFETIMES.items()), initial="90")

    @property
    def values(self):
        """What the action takes: the name and when the token ends."""
        days = self.cleaned_data["lifetime"]
        expires_at = timezone.now() + timedelta(days=int(days)) if days != "none" else None
        return {"name": self.cleaned_data["name"], "expires_at": expires_at}
