"""Who comes in: routes with their permissions, rows of one tenant, and Django's own doors closed."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseNotAllowed
from django.urls import path, reverse

from kestra_iam import access
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.console.skin import ModelAdmin
from kestra_iam.permissions import CREATE, DELETE, READ, UPDATE, Permission


class Route(NamedTuple):
    """One address of a page and the permission that each method needs; other methods are 405."""

    address: str
    name: str
    view: Any
    needs: Mapping[str, Permission]


class Doors(ModelAdmin):
    """A model's addresses, default-deny: without a ``resource`` nobody may do anything.

    ``operations`` maps what is POSTed to ``<id>/<name>/`` to the permission it needs: an action on the
    resource, or a pair.
    """

    resource = ""
    creates = True
    changes = True
    removes = True
    operations: Mapping[str, str | Permission] = {}

    actions = None

    def routes(self) -> Iterator[Route]:
        yield self._route("", "changelist", self.changelist_view, GET=READ)
        if self.creates:
            yield self._route("add/", "add", self.add_view, GET=CREATE, POST=CREATE)
        changes = {"POST": UPDATE} if self.changes else {}
        yield self._route("<uuid:object_id>/change/", "change", self.change_view, GET=READ, **changes)
        if self.removes:
            yield self._route("<uuid:object_id>/delete/", "delete", self.delete_view, GET=DELETE, POST=DELETE)
        for name, needed in self.operations.items():
            yield self._route(f"<uuid:object_id>/{name}/", name, partial(self.operate, operation=name), POST=needed)

    def _route(self, address: str, name: str, view: Any, **needs: str | Permission) -> Route:
        pairs = {
            method: (self.resource, needed) if isinstance(needed, str) else needed for method, needed in needs.items()
        }
        return Route(address, name, view, pairs)

    def get_urls(self):
        return [
            path(route.address, self.admin_site.admin_view(partial(_enter, route)), name=self._name(route.name))
            for route in self.routes()
        ]

    def place(self, name: str, *args: Any) -> str:
        """Return the address of one of the routes."""
        return reverse(f"{self.admin_site.name}:{self._name(name)}", args=args)

    def _name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def get_queryset(self, request):
        return super().get_queryset(request).filter(tenant=request.tenant)

    def lookup_allowed(self, lookup, value, request=None):
        """Allow the page's filters alone: other lookups would test columns that no page shows."""
        return lookup in {choice.parameter_name for choice in self.list_filter}

    def may(self, request: ConsoleRequest, action: str, obj: Any = None) -> bool:
        """Return whether the request's principal may do that to the resource, and to ``obj`` of this tenant."""
        if not access.can(request.principal, request.tenant, self.resource, action):
            return False
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_module_permission(self, request):
        return self.may(request, READ)

    def has_view_permission(self, request, obj=None):
        return self.may(request, READ, obj)

    def has_add_permission(self, request):
        return self.creates and self.may(request, CREATE)

    def has_change_permission(self, request, obj=None):
        return self.may(request, UPDATE, obj)

    def has_delete_permission(self, request, obj=None):
        return self.removes and self.may(request, DELETE, obj)

    def _closed(self, *args: Any, **options: Any) -> None:
        raise PermissionDenied("Every change is an action.")

    save_form = save_formset = save_model = save_related = delete_model = delete_queryset = _closed
    changeform_view = history_view = response_add = response_change = response_delete = _closed


def _enter(route: Route, request: ConsoleRequest, **arguments: Any) -> HttpResponse:
    method = "GET" if request.method == "HEAD" else str(request.method)
    if method not in route.needs:
        return HttpResponseNotAllowed(route.needs)
    if not access.can(request.principal, request.tenant, *route.needs[method]):
        raise PermissionDenied
    return route.view(request, **arguments)
