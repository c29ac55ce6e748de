"""The form that lets somebody in by hand."""

from django import forms

from kestra_iam import access
from kestra_iam.console.forms import ConsoleForm


class LetInForm(ConsoleForm):
    """Whom to let in: an account of the instance; instance owners make one that is missing."""

    username = forms.CharField(max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label="E-mail", max_length=320, required=False)
    first_name = forms.CharField(max_length=255, required=False)
    last_name = forms.CharField(max_length=255, required=False)
    password = forms.CharField(
        max_length=4096,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For a new account: the password to begin with.",
    )

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["username"].help_text = "The account of the instance that gets access to this tenant."
        if access.owns_instance(self.request.principal):
            self.fields["username"].help_text += " One that does not exist yet is created."
        else:
            for field in ("email", "first_name", "last_name", "password"):
                del self.fields[field]
