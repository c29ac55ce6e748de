"""Audit Logs: what was done, by whom, from where; read only."""

from datetime import date, datetime, time, timedelta

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone

from kestra_iam import permissions
from kestra_iam.console import cells, telling
from kestra_iam.console.filters import Choice, Typed
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.models import AuditEvent


class Resource(Choice):
    title = "Resource"
    parameter_name = "resource"
    options = [(resource, resource) for resource in permissions.MATRIX]

    def narrow(self, request, queryset, value):
        return queryset.filter(resource=value)


class Actor(Typed):
    title = "Actor"
    parameter_name = "actor"

    def narrow(self, request, queryset, value):
        return queryset.filter(Q(actor_name__icontains=value) | Q(actor_id=value))


class Day(Typed):
    """Midnight of a typed day, or of the one after it, in the time zone of the pages."""

    input_type = "date"

    def midnight(self, value: str, days: int = 0) -> datetime | None:
        try:
            day = date.fromisoformat(value) + timedelta(days=days)
            return timezone.make_aware(datetime.combine(day, time.min))
        except (ValueError, OverflowError):
            return None


class From(Day):
    title = "From"
    parameter_name = "from"

    def narrow(self, request, queryset, value):
        begin = self.midnight(value)
        return queryset.filter(at__gte=begin) if begin else queryset


class Until(Day):
    title = "To"
    parameter_name = "to"

    def narrow(self, request, queryset, value):
        end = self.midnight(value, days=1)
        return queryset.filter(at__lt=end) if end else queryset


@admin.register(AuditEvent, site=site)
class AuditLogAdmin(ConsoleAdmin):
    resource = "AUDITLOGS"
    url_path = "audit-logs"
    title = "Audit Logs"
    thing = "audit event"
    icon = "audit-logs"
    empty = ("Nothing has happened yet", "Every change in this tenant is told here, with who made it and from where.")
    search_hint = "Name, action or request id"
    page_template = "console/audit_event.html"
    creates = changes = removes = False

    list_display = ["when", "actor", "action", "name", "told"]
    list_filter = [Resource, Actor, From, Until]
    search_fields = ["resource_name", "verb", "request_id"]
    ordering = ["-at", "-id"]
    sortable_by = ()

    @admin.display(description="Time")
    def when(self, event):
        return cells.moment(event.at)

    @admin.display
    def actor(self, event):
        return cells.actor(event)

    @admin.display
    def action(self, event):
        return telling.action(event)

    @admin.display(description="Name")
    def name(self, event):
        return event.resource_name or cells.NOTHING

    @admin.display(description="Details")
    def told(self, event):
        return telling.details(event) or cells.NOTHING

    def details(self, request, event):
        return {"title": telling.action(event), "told": telling.rows(event)}
