"""The console's admin site: one menu, one frame, no page of Django's own."""

from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import include, path, reverse
from django.views.decorators.cache import never_cache

from kestra_iam import access
from kestra_iam.console.frame import frame
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.permissions import MATRIX


class ConsoleSite(AdminSite):
    """``/ui/TENANT/administration/``; who may do what there is decided by each page's routes."""

    _registry: dict[Any, Any]

    def get_urls(self):
        pages = [path(f"iam/{page.url_path}/", include(page.get_urls())) for page in self._registry.values()]
        return [
            path("", self.admin_view(self.index), name="index"),
            path("iam/", self.admin_view(self.index), name="iam"),
            *pages,
        ]

    def has_permission(self, request):
        return request.user.is_authenticated and access.enters(request.principal, request.tenant)

    def admin_view(self, view, cacheable=False):
        """Let in who is signed in and has access to the tenant; others sign in, or are told where they may go."""

        @never_cache
        @wraps(view)
        def inner(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("sign-in"))
            if not access.enters(request.principal, request.tenant):
                return no_access(request)
            return view(request, *args, **kwargs)

        return inner

    def index(self, request, extra_context=None):
        """Lead to the first page that the person may read."""
        for page in self.pages(request):
            return HttpResponseRedirect(page.place("changelist"))
        return render(request, "console/no_role.html", {**self.each_context(request), "title": request.tenant.name})

    def pages(self, request: ConsoleRequest) -> list:
        """Return the pages that the person may read, in the order of the menu."""
        readable = [page for page in self._registry.values() if page.has_view_permission(request)]
        return sorted(readable, key=lambda page: list(MATRIX).index(page.resource))

    def each_context(self, request):
        menu = [
            {
                "title": page.title,
                "icon": page.icon,
                "address": page.place("changelist"),
                "here": request.path.startswith(page.place("changelist")),
            }
            for page in self.pages(request)
        ]
        return {**frame(request), "menu": menu, "has_admin": access.active_admins(request.tenant).exists()}


def no_access(request: ConsoleRequest) -> HttpResponse:
    """Say that this tenant is closed to the person, and which ones are open."""
    return render(request, "console/no_access.html", {**frame(request), "title": "No access"}, status=403)


site = ConsoleSite(name="admin")
