"""Lists of resources (RFC 7644 §3.4.2, §3.4.3)."""

from provisioning.scim import responses
from provisioning.scim.filters import filter_groups, filter_users
from provisioning.scim.projection import projection_of


def search(request, adapter_classes, parameters):
    provisioner = request.provisioner
    out, total = [], 0
    start = max(1, int(parameters.get("startIndex") or 1))
    count = min(1000, max(0, int(parameters.get("count", 1000))))
    left, skip = count, start - 1
    for cls in adapter_classes:
        base = cls.rows(provisioner)
        if text := parameters.get("filter"):
            f = filter_users if cls.resource == "USERS" else filter_groups
            base = base.filter(f(provisioner.integration_id, text))
        found = base.count()
        total += found
        rows = list(base.order_by("pk").values_list(*cls.columns)[skip : skip + left])
        skip = max(0, skip - found)
        left -= len(rows)
        projection = projection_of(cls.type, parameters)
        adapters = [cls(cls.row(*row), request=request) for row in rows]
        computed = cls.computed_for(provisioner, [each.id for each in adapters])
        for each in adapters:
            out.append(each.render_with(computed.get(each.id), projection))
    text = ",".join(x if isinstance(x, str) else x.decode() for x in out)
    return responses.answer(
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],'
        f'"totalResults":{total},"startIndex":{start},"itemsPerPage":{len(out)},"Resources":[{text}]}}'
    )
