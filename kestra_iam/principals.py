"""Who acts: a person, a service account or the operator at the command line, in one request."""

from dataclasses import dataclass, field, replace

from kestra_iam.permissions import Permissions

USER, SERVICE_ACCOUNT, OPERATOR, NOBODY = "user", "service account", "operator", "nobody"


@dataclass(frozen=True, slots=True)
class Principal:
    """An actor and where the request came from, as audit events keep it.

    ``grants`` holds permissions by tenant id: those a door loaded beforehand, and what
    ``kestra_iam.access`` has looked up for this request.
    """

    kind: str
    id: str = ""
    name: str = ""
    instance_owner: bool = False
    token_id: str = ""
    source_address: str = ""
    request_id: str = ""
    grants: dict[str, Permissions] = field(default_factory=dict, compare=False)

    def __str__(self):
        return self.name

    def seen_from(self, *, source_address: str, request_id: str, token_id: str = "") -> "Principal":
        """Return this principal with the circumstances of one request."""
        return replace(self, source_address=source_address, request_id=request_id, token_id=token_id)


# Management commands act as the operator of the installation, who holds everything.
operator = Principal(kind=OPERATOR, name="operator")
nobody = Principal(kind=NOBODY, name="nobody")
