"""Bindings: a role given to a user, a group or a service account; made and removed, never edited."""

from typing import Any

from django import forms
from django.contrib import admin

from kestra_iam import access
from kestra_iam.actions import bindings
from kestra_iam.console import cells, picking
from kestra_iam.console.filters import Choice
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.models import Binding, Role
from kestra_iam.permissions import READ

# kind -> its heading, the resource that one must be able to read, and what a search finds of it in a tenant
KINDS = {
    "group": ("Groups", "GROUPS", picking.groups),
    "user": ("Users", "USERS", picking.people),
    "service_account": ("Service Accounts", "SERVICE_ACCOUNTS", picking.service_accounts),
}


class BindingForm(ConsoleForm):
    """Which role, and who gets it: radio buttons over what the search found."""

    subject = forms.CharField(error_messages={"required": "Choose who gets the role."})
    role = forms.ModelChoiceField(Role.objects.none(), empty_label="Choose a role")
    offered = picking.OFFERED

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        roles: Any = self.fields["role"]
        roles.queryset = Role.objects.filter(tenant=self.request.tenant)
        asked = self.request.GET
        self.query = asked.get("q", "")
        named = (f"{kind}:{asked[kind]}" for kind in KINDS if asked.get(kind))
        self.chosen_value = self.data.get("subject") or next(named, "")
        self.chosen = self._find(self.chosen_value)
        self.offers = [
            (heading, kind, self._search(kind, self.query)[: picking.OFFERED])
            for kind, (heading, _, _) in KINDS.items()
        ]

    def clean_subject(self):
        if self.chosen is None:
            raise forms.ValidationError("There is no such user, group or service account in this tenant.")
        return self.chosen

    def _find(self, chosen: str):
        kind, _, id = chosen.partition(":")
        if kind not in KINDS or len(id) != 36:
            return None
        return self._search(kind, "").filter(pk=id).first()

    def _search(self, kind: str, query: str):
        _, resource, find = KINDS[kind]
        found = find(self.request.tenant, query)
        readable = access.can(self.request.principal, self.request.tenant, resource, READ)
        return found if readable else found.none()


class SubjectKind(Choice):
    title = "Given to"
    parameter_name = "kind"
    options = [("user", "Users"), ("group", "Groups"), ("service_account", "Service accounts")]

    def narrow(self, request, queryset, value):
        return queryset.filter(**{f"{value}__isnull": False})


class OfRole(Choice):
    title = "Role"
    parameter_name = "role"

    def lookups(self, request, model_admin):
        return list(Role.objects.filter(tenant=request.tenant).values_list("id", "name")[:200])

    def narrow(self, request, queryset, value):
        return queryset.filter(role=value)


@admin.register(Binding, site=site)
class BindingAdmin(ConsoleAdmin):
    resource = "BINDINGS"
    url_path = "bindings"
    title = "Bindings"
    thing = "binding"
    icon = "bindings"
    empty = ("No bindings yet", "A binding gives a role to a user, a group or a service account.")
    search_hint = "Role, username, group or service account"
    form_class = BindingForm
    page_template = "console/binding.html"
    add_template = "console/bind.html"
    changes = False

    list_display = ["role_name", "given_to", "kind", "since"]
    list_filter = [OfRole, SubjectKind]
    search_fields = ["role__name", "user__username", "group__name", "service_account__name"]
    ordering = ["-created_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("role", "user", "group", "service_account", "tenant")

    @admin.display(description="Role", ordering="role__name_key")
    def role_name(self, binding):
        return binding.role.name

    @admin.display(description="Given to")
    def given_to(self, binding):
        return cells.subject(binding.subject)

    @admin.display
    def kind(self, binding):
        return binding.subject._meta.verbose_name.capitalize()

    @admin.display(ordering="created_at")
    def since(self, binding):
        return cells.moment(binding.created_at)

    def is_managed(self, obj):
        return obj.service_account is not None and obj.service_account.managed

    def create(self, request, values):
        return bindings.create_binding(by=request.principal, tenant=request.tenant, **values)

    def created(self, request, obj):
        return self.to_list(request, "Bound: it counts from the next request on.")

    def remove(self, request, obj):
        bindings.delete_binding(by=request.principal, binding=obj)

    def removal(self, request, obj):
        lost = f"{obj.subject} no longer has what the role {obj.role.name} gives, unless another binding gives it."
        return {"sentences": [lost]}
