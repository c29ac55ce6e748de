"""Forms of the console: plain forms whose values go to one action."""

from typing import Any

from django import forms

from kestra_iam.console.request import ConsoleRequest
from kestra_iam.console.skin import dress
from kestra_iam.errors import IamError


class ConsoleForm(forms.Form):
    """A form that knows its request (its tenant and who acts) and the object it changes, if there is one."""

    def __init__(self, *args: Any, request: ConsoleRequest, instance: Any = None, **options: Any):
        self.request = request
        self.instance = instance
        super().__init__(*args, **options)
        for field in self.fields.values():
            dress(field.widget)

    def refuse(self, error: IamError) -> None:
        """Show why an action refused, at the field it names or above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class Described(ConsoleForm):
    """Name and description, as most things of a tenant have them."""

    name = forms.CharField(max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    description = forms.CharField(max_length=1024, required=False, widget=forms.Textarea(attrs={"rows": 2}))
