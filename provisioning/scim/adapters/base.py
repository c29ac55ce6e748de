"""What both adapters have: an id, a version, a place, and a way to be read."""

from collections.abc import Callable
from typing import Any

import orjson
from django.db.models import QuerySet

from provisioning import reading
from provisioning.attributes import ResourceType
from provisioning.endpoints import scim_base
from provisioning.provisioner import Provisioner
from provisioning.scim.projection import Projection


class Adapter:
    """What both kinds of resource have: an id, a version, a place, and a way to be found.

    ``obj`` is a row to read (``provisioning.reading``), a locked model instance to change, or None
    for a resource that is about to be created. ``request.provisioner`` says whose resources these are.
    """

    type: ResourceType
    resource: str
    # The attribute that is computed on reading.
    computed_name: str
    rows: Callable[[Provisioner], QuerySet[Any]]
    row: type[reading.UserRow] | type[reading.GroupRow]
    columns: tuple[Any, ...]
    id_field = "pk"

    @property
    def provisioner(self) -> Provisioner:
        return self.request.provisioner

    @property
    def path(self) -> str:
        return f"{self.type.endpoint}/{self.id}"

    @property
    def location(self) -> str:
        return base(self.provisioner) + self.path

    @property
    def etag(self) -> str:
        return f'W/"{self.obj.version}"'

    def render(self, projection: Projection | None = None) -> bytes:
        """Return the resource as JSON, with the attributes that ``projection`` asks for."""
        wanted = projection is None or projection.wants(self.computed_name)
        return self.render_with(self.computed() if wanted else None, projection)

    def render_with(self, computed: Any, projection: Projection | None = None) -> bytes:
        """Return the same, with the array of what is computed on reading given."""
        whole = self.spliced(computed)
        return whole if projection is None else orjson.dumps(projection.apply(orjson.loads(whole)))

    def render_patched(self) -> bytes | None:
        """Return what a PATCH is answered with where no attributes are asked for, None for no body."""
        return self.spliced(self.computed())

    def to_dict(self) -> dict[str, Any]:
        return orjson.loads(self.spliced(self.computed()))

    def computed(self) -> Any:
        """Return the JSON array of what is computed on reading, None for an empty one."""
        raise NotImplementedError

    @classmethod
    def computed_of(cls, adapters: "list[Any]") -> dict[str, Any]:
        """Return the same for a page of resources of one integration, by id."""
        raise NotImplementedError

    def spliced(self, computed: Any) -> bytes:
        """Return the JSON of the resource with that array."""
        raise NotImplementedError


def base(provisioner: Provisioner) -> str:
    """Return the base of every URL of this integration's resources."""
    return scim_base(provisioner.tenant.slug, provisioner.integration_id)
