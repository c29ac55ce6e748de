"""The integration that a command is about."""

from kestra_iam.errors import NotFound
from provisioning.models import Integration


def integration_of(id: str) -> Integration:
    """Return the integration of that id, with its tenant; raises ``NotFound``."""
    found = Integration.objects.select_related("tenant").filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no integration '{id}'.")
    return found
