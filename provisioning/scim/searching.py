"""Lists of resources as answers (RFC 7644 §3.4.2, §3.4.3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django_scim.constants import SchemaURI
from django_scim.utils import get_group_filter_parser, get_user_filter_parser

from provisioning.scim import lookups, responses
from provisioning.scim.list_query import ListQuery, parse_query
from provisioning.scim.paging import Page, Row, Source, page_of
from provisioning.scim.projection import projection_of

_FILTER_PARSERS = {"User": get_user_filter_parser, "Group": get_group_filter_parser}


def search(request: HttpRequest, adapter_classes: Sequence[Any], parameters: Mapping[str, Any]) -> HttpResponse:
    """Answer with the page that the parameters ask for of the resources of these adapters' types.

    Raises ``Refused`` as ``parse_query`` and ``page_of``, and ``invalidFilter``.
    """
    query = parse_query(parameters)
    page = _looked_up(request, adapter_classes, query) or _page(request, adapter_classes, query)
    resources = [
        resource
        for adapter_class, rows in zip(adapter_classes, page.rows, strict=True)
        for resource in _rendered(request, adapter_class, rows, parameters)
    ]
    return responses.answer(_list(page, resources))


def _looked_up(request: HttpRequest, adapter_classes: Sequence[Any], query: ListQuery) -> Page | None:
    if len(adapter_classes) > 1:
        return None
    name, integration_id = adapter_classes[0].type.name, request.provisioner.integration_id
    if query.filter is None:
        found = lookups.page(name, integration_id, query)
        return found and Page(found[0], query.start_index, [found[1]])
    rows = lookups.find(name, integration_id, query)
    return None if rows is None else Page(len(rows), query.start_index, [rows])


def _page(request: HttpRequest, adapter_classes: Sequence[Any], query: ListQuery) -> Page:
    sources = []
    for adapter_class in adapter_classes:
        parser = _FILTER_PARSERS[adapter_class.type.name]()
        found = parser.search(query.filter, request, mixed=len(adapter_classes) > 1)
        home = parser.home(request.provisioner.integration_id)
        sources.append(Source(home, found, adapter_class.columns))
    return page_of(sources, query)


def _rendered(
    request: HttpRequest, adapter_class: Any, rows: Sequence[Row], parameters: Mapping[str, Any]
) -> Iterator[bytes]:
    """Yield resources as JSON; what is computed on reading takes one statement for all at most."""
    projection = projection_of(adapter_class.type, parameters)
    adapters = [adapter_class(adapter_class.row(*row), request=request) for row in rows]
    computed: dict[str, Any] = {}
    if adapters and (projection is None or projection.wants(adapter_class.computed_name)):
        computed = adapter_class.computed_of(adapters)
    for adapter in adapters:
        yield adapter.render_with(computed.get(adapter.id), projection)


def _list(page: Page, resources: Sequence[bytes]) -> bytes:
    counters: dict[str, Any] = {"totalResults": page.total, "itemsPerPage": page.size}
    if page.start_index is not None:
        counters["startIndex"] = page.start_index
    if page.next_cursor:
        counters["nextCursor"] = page.next_cursor
    head = orjson.dumps({"schemas": [SchemaURI.LIST_RESPONSE], **counters})
    return b'%b,"Resources":[%b]}' % (head[:-1], b",".join(resources))
