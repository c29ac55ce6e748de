"""Forms of the Provisioning page."""

from django import forms

from kestra_iam.console.forms import ConsoleForm, Described
from provisioning.actions.integrations import OVERLAPS
from provisioning.models import Integration

OVERLAP_WORDS = {
    "0": "none, it stops working now",
    "1h": "1 hour",
    "24h": "24 hours",
    "7d": "7 days",
}


class IntegrationForm(Described):
    """A new integration."""

    type = forms.ChoiceField(label="Provisioning Type", choices=Integration.Type.choices, initial=Integration.Type.SCIM)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["name"].help_text = "Which identity provider pushes here, for example Corporate Keycloak."


class RotateForm(ConsoleForm):
    overlap = forms.ChoiceField(
        label="Keep the old Secret Token valid for", choices=[(key, OVERLAP_WORDS[key]) for key in OVERLAPS]
    )


class RemoveForm(ConsoleForm):
    """What becomes of the people whom only this integration let in."""

    access = forms.ChoiceField(
        label="The access of its people",
        initial="keep",
        widget=forms.RadioSelect,
        choices=[
            ("keep", "Keep their access"),
            ("remove", "Take away access of the people only this integration brought"),
        ],
    )
