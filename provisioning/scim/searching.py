"""Lists of resources (RFC 7644 §3.4.2, §3.4.3)."""

from provisioning import reading
from provisioning.scim import responses
from provisioning.scim.projection import projection_of


def search(request, adapter_classes, parameters):
    cls = adapter_classes[0]
    provisioner = request.provisioner
    users = cls.resource == "USERS"
    base = reading.users(provisioner) if users else reading.groups(provisioner)
    rows = base.order_by("pk").values_list(*(reading.USER_COLUMNS if users else reading.GROUP_COLUMNS))[:1000]
    kind = reading.UserRow if users else reading.GroupRow
    projection = projection_of(cls.type, parameters)
    out = [cls(kind(*row), request=request).render(projection) for row in rows]
    text = ",".join(x if isinstance(x, str) else x.decode() for x in out)
    return responses.answer(
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[%s]}'
        % (len(out), len(out), text)
    )
