"""Tenants of the installation, for instance owners."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from kestra_iam import access
from kestra_iam.actions.tenants import create_tenant
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.frame import frame, tenant_address
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.errors import IamError
from tenants.models import Tenant

PER_PAGE = 50


class TenantForm(ConsoleForm):
    slug = forms.CharField(
        max_length=63,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text="Its address, for example acme: lower-case letters, digits, - and _. It cannot be changed.",
    )
    name = forms.CharField(max_length=255, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))


@never_cache
@require_safe
def tenants(request: ConsoleRequest) -> HttpResponse:
    """List the tenants."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('sign-in')}?next={request.path}")
    _must_own_instance(request)
    query = request.GET.get("q", "").replace("\0", "")
    found = Tenant.objects.filter(Q(slug__icontains=query) | Q(name__icontains=query))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    rows = [(tenant, tenant_address(request, tenant.slug)) for tenant in page]
    context = {"title": "Tenants", "rows": rows, "found": page, "query": query}
    return render(request, "console/tenants.html", {**frame(request), **context})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add_tenant(request: ConsoleRequest) -> HttpResponse:
    """Create a tenant and go there."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('sign-in')}?next={request.path}")
    _must_own_instance(request)
    form = TenantForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            tenant = create_tenant(by=request.principal, **form.cleaned_data)
            return HttpResponseRedirect(tenant_address(request, tenant.slug))
        except IamError as error:
            form.refuse(error)
    context = {"title": "Create tenant", "form": form, "list_address": reverse("tenants")}
    return render(request, "console/add_tenant.html", {**frame(request), **context}, status=400 if form.errors else 200)


def _must_own_instance(request: ConsoleRequest) -> None:
    if not access.owns_instance(request.principal):
        raise PermissionDenied
