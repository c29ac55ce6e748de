"""Roles: which actions on which resources they give."""

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.template.loader import render_to_string

from kestra_iam import permissions
from kestra_iam.actions import roles
from kestra_iam.console import cells
from kestra_iam.console.forms import Described
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.models import Role


class MatrixWidget(forms.CheckboxSelectMultiple):
    """Resource × action, one checkbox for each permission that the product enforces."""

    def render(self, name, value, attrs=None, renderer=None):
        return render_to_string("console/matrix_widget.html", {"name": name, "given": set(value or ())})


class RoleForm(Described):
    permissions = forms.MultipleChoiceField(
        choices=[
            (f"{resource}.{action}", f"{resource} {action}")
            for resource, actions in permissions.MATRIX.items()
            for action in actions
        ],
        required=False,
        widget=MatrixWidget,
    )

    def __init__(self, *args, instance=None, initial=None, **options):
        given = permissions.granted(instance.permissions) if instance else ()
        initial = {**(initial or {}), "permissions": [".".join(pair) for pair in given]}
        super().__init__(*args, instance=instance, initial=initial, **options)

    def clean_permissions(self):
        return permissions.stored(tuple(pair.split(".")) for pair in self.cleaned_data["permissions"])


@admin.register(Role, site=site)
class RoleAdmin(ConsoleAdmin):
    resource = "ROLES"
    url_path = "roles"
    title = "Roles"
    thing = "role"
    icon = "roles"
    empty = ("No roles yet", "A role says what somebody may do. It counts once it is bound to a user or a group.")
    search_hint = "Name"
    form_class = change_form_class = RoleForm
    page_template = "console/role.html"

    list_display = ["name", "description", "kind", "bound"]
    search_fields = ["name"]
    ordering = ["name_key"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(bound_count=Count("bindings")).select_related("tenant")

    @admin.display
    def kind(self, role):
        return cells.pill("Managed") if role.managed else cells.muted("By hand")

    @admin.display(description="Bound", ordering="bound_count")
    def bound(self, role):
        return f"{role.bound_count:,}"

    def is_managed(self, obj):
        return obj.managed

    def create(self, request, values):
        return roles.create_role(by=request.principal, tenant=request.tenant, **values)

    def update(self, request, obj, values):
        roles.update_role(by=request.principal, role=obj, **values)

    def remove(self, request, obj):
        roles.delete_role(by=request.principal, role=obj)

    def details(self, request, role):
        return {"bindings": role.bindings.select_related("user", "group", "service_account")[:50]}
