"""The tab *Pull from Keycloak* of an integration: where it pulls from, and its runs."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect

from kestra_iam.console.doors import Route
from kestra_iam.console.pages import ConsoleAdmin, status_of
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.errors import IamError, Invalid
from kestra_iam.permissions import READ, UPDATE
from provisioning import tasks
from provisioning.actions import pull_runs, pull_sources
from provisioning.admin import pull_reports
from provisioning.admin.pull_forms import PullSourceForm, initial_of
from provisioning.models import Integration, PullRun, PullSource

# How often a page asks how far a run is, in milliseconds.
EVERY = 1000


class PullPages(ConsoleAdmin):
    """What the page of an integration has for pulling; ``?part`` asks for what changes while a run is on."""

    def routes(self) -> Iterator[Route]:
        yield from super().routes()
        yield self._route("<uuid:object_id>/pull/", "pull", self.pull_view, GET=READ, POST=UPDATE)
        yield self._route("<uuid:object_id>/pull/<uuid:run_id>/", "pull-run", self.run_view, GET=READ)
        sync = partial(self.operate, operation="pull-sync")
        yield self._route("<uuid:object_id>/pull-sync/", "pull-sync", sync, POST=UPDATE)
        yield self._route("<uuid:object_id>/pull-remove/", "pull-remove", self.remove_view, GET=UPDATE, POST=UPDATE)

    def pull_view(self, request: ConsoleRequest, object_id: UUID) -> HttpResponse:
        """Show the source and its runs; POST saves the source."""
        integration = self.find(request, object_id)
        source = _source(integration)
        if request.method != "POST":
            changing = "change" in request.GET and self.may(request, UPDATE)
            return self._pull_page(request, integration, source, changing=changing)
        form = PullSourceForm(request.POST, request=request, instance=source)
        status = self._submit(
            form,
            lambda: pull_sources.save_source(by=request.principal, integration=integration, **form.cleaned_data),
        )
        if status != 200:
            form.forget_secret()
            return self._pull_page(request, integration, source, form=form, status=status)
        messages.success(request, "Saved. Try it without writing first, or sync now.")
        return self._to_pull(integration)

    def run_view(self, request: ConsoleRequest, object_id: UUID, run_id: UUID) -> HttpResponse:
        """Show one run with everything that it could not carry out."""
        integration = self.find(request, object_id)
        run = PullRun.objects.filter(integration=integration, pk=str(run_id)).first()
        if run is None:
            raise Http404
        template = "console/pull_run_part.html" if "part" in request.GET else "console/pull_run.html"
        report = pull_reports.of_run(run)
        return self.page(
            request, template, title=f"Run of {integration}", original=integration, report=report, every=EVERY
        )

    def do_pull_sync(self, request: ConsoleRequest, integration: Integration) -> HttpResponse:
        try:
            run = pull_runs.begin_run(
                by=request.principal,
                integration=integration,
                dry_run="dry_run" in request.POST,
                allowed_losses=_number(request.POST.get("allowed_losses", "0")),
            )
        except IamError as refusal:
            return self._refused(request, integration, refusal)
        tasks.enqueue_pull(run)
        return HttpResponseRedirect(f"{self.place('pull', integration.pk)}#runs")

    def remove_view(self, request: ConsoleRequest, object_id: UUID) -> HttpResponse:
        """Ask whether the source is to be removed; POST removes it."""
        integration = self.find(request, object_id)
        if request.method != "POST":
            source = _source(integration)
            if source is None:
                raise Http404
            on = any(report.on for report in pull_reports.of_integration(integration)[:1])
            context = {"original": integration, "source": source, "on": on}
            return self.page(request, "console/pull_remove.html", title="Remove the source", **context)
        try:
            pull_sources.remove_source(by=request.principal, integration=integration)
        except IamError as refusal:
            return self._refused(request, integration, refusal)
        messages.success(request, "The source is removed. People and groups stay as they are.")
        return self._to_pull(integration)

    def _refused(self, request: ConsoleRequest, integration: Integration, refusal: IamError) -> HttpResponse:
        source = _source(integration)
        return self._pull_page(request, integration, source, refusal=refusal, status=status_of(refusal))

    def _pull_page(
        self,
        request: ConsoleRequest,
        integration: Integration,
        source: PullSource | None,
        *,
        form: PullSourceForm | None = None,
        changing: bool = False,
        **context: Any,
    ) -> HttpResponse:
        if form is None and (source is None or changing):
            form = PullSourceForm(request=request, instance=source, initial=initial_of(source))
        reports = pull_reports.of_integration(integration)
        on = bool(reports) and reports[0].on
        ready = source is not None and integration.enabled and settings.KESTRA_EE_TENANTS_ENABLED and not on
        return self.page(
            request,
            "console/pull_runs.html" if "part" in request.GET else "console/pull.html",
            title=f"Pull into {integration}",
            original=integration,
            source=source,
            form=form,
            reports=reports,
            report=reports[0] if reports else None,
            offered=ready and self.may(request, UPDATE),
            every=EVERY,
            **context,
        )

    def _to_pull(self, integration: Integration) -> HttpResponse:
        return HttpResponseRedirect(self.place("pull", integration.pk))


def _source(integration: Integration) -> PullSource | None:
    return PullSource.objects.filter(pk=integration.pk).first()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Invalid("The losses allowed are a number of people, 0 or more.", field="allowed_losses")
    return int(text)
