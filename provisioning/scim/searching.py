"""Lists of resources as answers (RFC 7644 §3.4.2, §3.4.3)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django_scim.constants import SchemaURI
from django_scim.utils import get_group_filter_parser, get_user_filter_parser

from provisioning.scim import responses
from provisioning.scim.list_query import parse_query
from provisioning.scim.paging import Page, Row, Source, page_of
from provisioning.scim.projection import projection_of

_FILTER_PARSERS = {"User": get_user_filter_parser, "Group": get_group_filter_parser}


def search(request: HttpRequest, adapter_classes: Sequence[Any], parameters: Mapping[str, Any]) -> HttpResponse:
    """Answer with the page that the parameters ask for of the resources of these adapters' types.

    Raises ``Refused`` as ``parse_query`` and ``page_of``.
    """
    query = parse_query(parameters)
    sources = []
    for adapter_class in adapter_classes:
        parser = _FILTER_PARSERS[adapter_class.type.name]()
        found = parser.search(query.filter, request, mixed=len(adapter_classes) > 1)
        home = parser.home(request.provisioner.integration_id)
        sources.append(Source(home, found, adapter_class.columns))
    page = page_of(sources, query)
    resources = [
        text
        for adapter_class, rows in zip(adapter_classes, page.rows, strict=True)
        for text in _rendered(request, adapter_class, rows, parameters)
    ]
    return responses.answer(_list(page, resources))


def _rendered(
    request: HttpRequest, adapter_class: Any, rows: Sequence[Row], parameters: Mapping[str, Any]
) -> Iterable[str]:
    projection = projection_of(adapter_class.type, parameters)
    adapters = [adapter_class(adapter_class.row(*row), request=request) for row in rows]
    computed = {}
    if adapters and (projection is None or projection.wants(adapter_class.computed_name)):
        computed = adapter_class.computed_for(request.provisioner, [each.id for each in adapters])
    for adapter in adapters:
        text = adapter.render_with(computed.get(adapter.id), projection)
        yield text if isinstance(text, str) else text.decode()


def _list(page: Page, resources: Sequence[str]) -> str:
    counters: dict[str, Any] = {"totalResults": page.total, "itemsPerPage": page.size}
    if page.start_index is not None:
        counters["startIndex"] = page.start_index
    if page.next_cursor:
        counters["nextCursor"] = page.next_cursor
    head = orjson.dumps({"schemas": [SchemaURI.LIST_RESPONSE], **counters}).decode()
    return f'{head[:-1]},"Resources":[{",".join(resources)}]}}'
