"""Service accounts and their API tokens."""

from django import forms
from django.contrib import admin
from django.db.models import Count, Max
from django.shortcuts import get_object_or_404
from django.urls import reverse

from kestra_iam.actions import service_accounts
from kestra_iam.console import cells
from kestra_iam.console.forms import Described
from kestra_iam.console.headers import show_once
from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.console.token_forms import ApiTokenForm
from kestra_iam.errors import Invalid
from kestra_iam.models import ServiceAccount
from kestra_iam.permissions import UPDATE

TOKEN_SHOWN_ONCE = [
    "Copy the API token now: only a digest of it is kept, so it is never shown again.",
    "A program sends it as Authorization: Bearer.",
]


class ServiceAccountForm(Described):
    name = forms.CharField(
        max_length=63,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Lower-case letters, digits and single hyphens, for example nightly-export.",
    )


@admin.register(ServiceAccount, site=site)
class ServiceAccountAdmin(ConsoleAdmin):
    resource = "SERVICE_ACCOUNTS"
    url_path = "service-accounts"
    title = "Service Accounts"
    thing = "service account"
    icon = "service-accounts"
    empty = (
        "No service accounts yet",
        "A service account lets a program use the API. Each integration brings one of its own.",
    )
    search_hint = "Name or description"
    form_class = ServiceAccountForm
    page_template = "console/service_account.html"
    changes = False
    operations = {"create-token": UPDATE, "remove-token": UPDATE}

    list_display = ["name", "description", "kind", "tokens", "last_used"]
    search_fields = ["name", "description"]
    ordering = ["name"]

    def get_queryset(self, request):
        used = {"token_count": Count("api_tokens"), "used_at": Max("api_tokens__last_used_at")}
        return super().get_queryset(request).annotate(**used).select_related("tenant")

    @admin.display(description="Managed by")
    def kind(self, account):
        return cells.pill("Integration") if account.managed else cells.muted("By hand")

    @admin.display(description="API tokens", ordering="token_count")
    def tokens(self, account):
        return f"{account.token_count:,}"

    @admin.display(description="Last used", ordering="used_at")
    def last_used(self, account):
        return cells.moment(account.used_at)

    def is_managed(self, obj):
        return obj.managed

    def create(self, request, values):
        return service_accounts.create_service_account(by=request.principal, tenant=request.tenant, **values)

    def remove(self, request, obj):
        service_accounts.delete_service_account(by=request.principal, service_account=obj)

    def removal(self, request, obj):
        return {"sentences": ["Its API tokens stop working at once, and its bindings go with it."]}

    def do_create_token(self, request, account):
        form = ApiTokenForm(request.POST, request=request)
        if not form.is_valid():
            raise Invalid(" ".join(str(error) for errors in form.errors.values() for error in errors))
        _, secret = service_accounts.create_token(
            by=request.principal, tenant=request.tenant, holder=account, **form.values
        )
        return show_once(
            self.page(
                request,
                "console/secret.html",
                title="API token",
                original=account,
                label="API token",
                secret=secret,
                leave_to=self.place("change", account.pk),
                sentences=TOKEN_SHOWN_ONCE,
            )
        )

    def do_remove_token(self, request, account):
        token = get_object_or_404(account.api_tokens, pk=request.POST.get("token", ""))
        service_accounts.delete_token(by=request.principal, token=token)
        return "The API token has been removed: it opens nothing any more."

    def details(self, request, account):
        bind = reverse("admin:kestra_iam_binding_add")
        return {
            "tokens": account.api_tokens.all(),
            "bindings": account.bindings.select_related("role"),
            "token_form": ApiTokenForm(request=request),
            "may_change_tokens": self.may(request, UPDATE) and not account.managed,
            "bind_address": "" if account.managed else f"{bind}?service_account={account.pk}",
        }
