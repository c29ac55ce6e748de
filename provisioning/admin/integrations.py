"""Administration → IAM → Provisioning: the integrations of a tenant."""

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, OuterRef

from kestra_iam.console import cells
from kestra_iam.console.counts import count_of
from kestra_iam.console.filters import Choice
from kestra_iam.console.forms import Described
from kestra_iam.console.headers import show_once
from kestra_iam.console.site import site
from kestra_iam.errors import Invalid
from kestra_iam.models import Group
from kestra_iam.permissions import UPDATE
from provisioning.actions import integrations, removal
from provisioning.admin.connect import ConnectPages
from provisioning.admin.forms import IntegrationForm, RemoveForm, RotateForm
from provisioning.admin.pull import PullPages
from provisioning.endpoints import TENANTS_DISABLED, is_loopback, scim_endpoint
from provisioning.models import Integration, ProvisionedUser

FULL_SYNC = (
    "Enabled. Start a full sync in Keycloak now: changes that were refused while the integration was disabled "
    "are not sent again."
)

LEFT_SHOWN = 50


class Enabled(Choice):
    title = "State"
    parameter_name = "state"
    options = [("enabled", "Enabled"), ("disabled", "Disabled")]

    def narrow(self, request, queryset, value):
        return queryset.filter(enabled=value == "enabled")


@admin.register(Integration, site=site)
class IntegrationAdmin(ConnectPages, PullPages):
    resource = "PROVISIONING"
    url_path = "provisioning"
    title = "Provisioning"
    thing = "integration"
    icon = "provisioning"
    empty = (
        "No integrations yet",
        "An integration lets an identity provider such as Keycloak push users and groups into this tenant.",
    )
    search_hint = "Name or description"
    form_class = IntegrationForm
    change_form_class = Described
    change_list_template = "console/integrations.html"
    add_template = "console/integration_add.html"
    page_template = "console/integration.html"
    remove_template = "console/integration_remove.html"
    operations = {"enable": UPDATE, "disable": UPDATE, "rotate": UPDATE, "adopt": UPDATE}

    list_filter = [Enabled]
    search_fields = ["name", "description"]
    ordering = ["name_key"]

    def get_queryset(self, request):
        pushed = ProvisionedUser.objects.filter(integration=OuterRef("pk"))
        managed = Group.objects.filter(managed_by=OuterRef("service_account"))
        return (
            super()
            .get_queryset(request)
            .select_related("tenant", "service_account", "activity")
            .annotate(user_count=count_of(pushed, "integration"), group_count=count_of(managed, "managed_by"))
        )

    def get_list_display(self, request):
        state = "switch" if self.may(request, UPDATE) else "state"
        return ["name", "type", state, "users", "groups", "last_request"]

    @admin.display(description="Enabled", ordering="enabled")
    def state(self, integration):
        return cells.pill("Enabled", "good") if integration.enabled else cells.pill("Disabled", "warn")

    @admin.display(description="Enabled", ordering="enabled")
    def switch(self, integration):
        return cells.switch(integration.enabled, self.place(_other(integration), integration.pk), integration.name)

    @admin.display(ordering="user_count")
    def users(self, integration):
        return f"{integration.user_count:,}"

    @admin.display(ordering="group_count")
    def groups(self, integration):
        return f"{integration.group_count:,}"

    @admin.display(description="Last request", ordering="activity__last_request_at")
    def last_request(self, integration):
        return cells.moment(integration.activity.last_request_at)

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"tenants_disabled": _tenants_disabled()})

    def page(self, request, template, **context):
        return super().page(request, template, tenants_disabled=_tenants_disabled(), **context)

    def create(self, request, values):
        return integrations.create_integration(by=request.principal, tenant=request.tenant, **values)

    def created(self, request, obj):
        role = obj.service_account.bindings.select_related("role").get().role
        return self._credentials(request, obj, "The integration is created", role=role)

    def update(self, request, obj, values):
        integrations.update_integration(by=request.principal, integration=obj, **values)

    def remove(self, request, obj):
        form = RemoveForm(request.POST, request=request)
        if not form.is_valid():
            raise Invalid("Choose what becomes of the access of its people.")
        keep = form.cleaned_data["access"] == "keep"
        removal.remove_integration(by=request.principal, integration=obj, keep_access=keep)

    def removal(self, request, obj):
        return {"counts": removal.left_behind(obj), "form": RemoveForm(request=request)}

    def do_enable(self, request, integration):
        integrations.enable_integration(by=request.principal, integration=integration)
        messages.warning(request, FULL_SYNC)

    def do_disable(self, request, integration):
        integrations.disable_integration(by=request.principal, integration=integration)
        return "Disabled: every request to the SCIM endpoint is refused from the next one on."

    def do_rotate(self, request, integration):
        form = RotateForm(request.POST, request=request)
        if not form.is_valid():
            raise Invalid("Choose how long the old Secret Token stays valid.")
        overlap = integrations.OVERLAPS[form.cleaned_data["overlap"]]
        rotated = integrations.rotate_token(by=request.principal, integration=integration, overlap=overlap)
        return self._credentials(request, rotated, "The Secret Token is rotated", overlap=form.cleaned_data["overlap"])

    def do_adopt(self, request, integration):
        names = None if "all" in request.POST else request.POST.getlist("name")
        adoption = removal.adopt_groups(by=request.principal, integration=integration, names=names)
        return self.show(request, self.find(request, integration.pk), adoption=adoption)

    def details(self, request, integration):
        left = removal.adoptable(integration).annotate(binding_count=Count("bindings"))
        return {
            "endpoint": scim_endpoint(integration),
            "loopback": is_loopback(),
            "activity": integration.activity,
            "refused": integration.refused_requests.all(),
            "tokens": integration.service_account.api_tokens.all(),
            "left": left[:LEFT_SHOWN],
            "left_count": left.count(),
            "rotate_form": RotateForm(request=request),
            **self.sync_context(integration),
        }

    def _credentials(self, request, integration, title, **context):
        return show_once(
            self.page(
                request,
                "console/credentials.html",
                title=title,
                original=integration,
                endpoint=scim_endpoint(integration),
                loopback=is_loopback(),
                leave_to=self.place("change", integration.pk),
                **context,
            )
        )


def _other(integration: Integration) -> str:
    return "disable" if integration.enabled else "enable"


def _tenants_disabled() -> str:
    return "" if settings.KESTRA_EE_TENANTS_ENABLED else TENANTS_DISABLED
