"""The tab *Connect* of an integration, and watching what its client sends."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from kestra_iam.console.doors import Route
from kestra_iam.console.frame import frame
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.permissions import READ, UPDATE
from provisioning import guides
from provisioning.actions import watching
from provisioning.admin import watch_reports
from provisioning.endpoints import is_loopback, scim_endpoint
from provisioning.models import Integration, PullSource

TEST_MINUTES = 10
SYNC_MINUTES = 60
# How often a page asks what has arrived, in milliseconds.
TEST_EVERY = 1500
SYNC_EVERY = 3000


class ConnectPages(ConsoleAdmin):
    """What the page of an integration has besides its overview."""

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        yield self._route("<uuid:object_id>/connect/", "connect", self.connect_view, GET=READ)
        for name, fragment in (("connection-test", self.test_view), ("full-sync", self.sync_view)):
            view = partial(self._fragment_or_deed, name=name, fragment=fragment)
            yield self._route(f"<uuid:object_id>/{name}/", name, view, GET=READ, POST=UPDATE)
        ended = partial(self.operate, operation="end-watch")
        yield self._route("<uuid:object_id>/end-watch/", "end-watch", ended, POST=UPDATE)

    def connect_view(self, request: ConsoleRequest, object_id: UUID) -> HttpResponse:
        """Show how a client is connected, with its values filled in."""
        integration = self.find(request, object_id)
        guide = guides.find(request.GET.get("client", ""))
        return self.page(
            request,
            "console/connect.html",
            title=f"Connect {integration}",
            guide=guide.filled(values_of(integration)),
            guides=guides.GUIDES,
            pulls=guide.key == "keycloak-pull",
            loopback=is_loopback(),
            **self._test_context(integration),
        )

    def test_view(self, request: ConsoleRequest, object_id: UUID) -> HttpResponse:
        """Return what *Test connection* has seen, as a piece of the page."""
        context = self._test_context(self.find(request, object_id))
        return TemplateResponse(request, "console/connect_test.html", {"page": self, **context})

    def sync_view(self, request: ConsoleRequest, object_id: UUID) -> HttpResponse:
        """Return what a full sync has touched, as a piece of the page."""
        integration = self.find(request, object_id)
        context = {"page": self, "may": frame(request)["may"], **self.sync_context(integration)}
        return TemplateResponse(request, "console/integration_sync.html", context)

    def do_connection_test(self, request: ConsoleRequest, integration: Integration) -> HttpResponse:
        purpose = Integration.Watch.CONNECTION
        watching.watch(by=request.principal, integration=integration, purpose=purpose, minutes=TEST_MINUTES)
        client = guides.find(request.POST.get("client", "")).key
        return HttpResponseRedirect(f"{self.place('connect', integration.pk)}?client={client}#test")

    def do_full_sync(self, request: ConsoleRequest, integration: Integration) -> HttpResponse:
        purpose = Integration.Watch.FULL_SYNC
        watching.watch(by=request.principal, integration=integration, purpose=purpose, minutes=SYNC_MINUTES)
        return HttpResponseRedirect(f"{self.place('change', integration.pk)}#full-sync")

    def do_end_watch(self, request: ConsoleRequest, integration: Integration) -> HttpResponse:
        watching.end_watch(by=request.principal, integration=integration)
        return HttpResponseRedirect(f"{self.place('change', integration.pk)}#full-sync")

    def sync_context(self, integration: Integration) -> dict[str, Any]:
        """Return what the part about a full sync needs."""
        report = watch_reports.of_sync(integration)
        return {"original": integration, "sync": report, "sync_every": SYNC_EVERY, "sync_minutes": SYNC_MINUTES}

    def _test_context(self, integration: Integration) -> dict[str, Any]:
        report = watch_reports.of_connection(integration)
        return {"original": integration, "test": report, "test_every": TEST_EVERY, "test_minutes": TEST_MINUTES}

    def _fragment_or_deed(self, request: ConsoleRequest, object_id: UUID, *, name: str, fragment: Any) -> HttpResponse:
        return self.operate(request, object_id, name) if request.method == "POST" else fragment(request, object_id)


def values_of(integration: Integration) -> dict[str, str]:
    """Return what the words in capitals of a guide stand for, as far as it is known here."""
    known = {
        "ENDPOINT": scim_endpoint(integration),
        "INTEGRATION_ID": integration.pk,
        "KEYCLOAK_URL": "https://keycloak.example.org",
    }
    source = PullSource.objects.filter(integration=integration).first()
    if source is not None:
        known |= {"KEYCLOAK_URL": source.base_url, "REALM": source.realm}
    return known
