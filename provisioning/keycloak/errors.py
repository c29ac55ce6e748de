"""What goes wrong with a Keycloak, as one sentence for whoever administers it."""

from kestra_iam.errors import IamError


class KeycloakError(IamError):
    """Keycloak refuses, does not answer, or answers what nobody understands."""


class Gone(KeycloakError):
    """What was asked for is no longer there."""
