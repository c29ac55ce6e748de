"""Signing in and out."""

from django import forms
from django.contrib.auth import authenticate, login, logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kestra_iam import access, attempts
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.frame import instance_address, tenant_address
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.console.site import no_access
from tenants.models import Tenant

WRONG = "This username and password do not match. Check both, and the tenant."
WAIT = "Too many failed attempts: wait five minutes, then try again."


class SignInForm(ConsoleForm):
    username = forms.CharField(
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = forms.CharField(
        max_length=4096, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    tenant = forms.CharField(
        max_length=63,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "autocapitalize": "none"}),
        help_text="Empty for accounts of the instance.",
    )

    def clean(self):
        values = self.cleaned_data
        if self.errors:
            return values
        slug, username = values["tenant"].strip(), values["username"]
        seen_from = slug, username, self.request.principal.source_address
        if attempts.exhausted(*seen_from):
            raise forms.ValidationError(WAIT)
        home = Tenant.objects.filter(slug=slug).first() if slug else None
        if not slug or home:
            self.user = authenticate(self.request, username=username, password=values["password"], home=home)
        if getattr(self, "user", None) is None:
            attempts.failed(*seen_from)
            raise forms.ValidationError(WRONG)
        attempts.succeeded(*seen_from)
        return values


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: ConsoleRequest) -> HttpResponse:
    """Sign a person in to the tenant named in the form (filled in by the address), or to the instance."""
    slug = request.tenant.slug if request.tenant else ""
    form = SignInForm(request.POST if request.method == "POST" else None, request=request, initial={"tenant": slug})
    if request.method == "POST" and form.is_valid():
        login(request, form.user)
        chosen = form.cleaned_data["tenant"].strip()
        if chosen == slug and (wanted := _safe(request, request.POST.get("next", ""))):
            return HttpResponseRedirect(wanted)
        return HttpResponseRedirect(tenant_address(request, chosen) if chosen else instance_address(request))
    if request.method != "POST" and request.user.is_authenticated:
        return HttpResponseRedirect(tenant_address(request, slug) if slug else instance_address(request))
    context = {"form": form, "title": "Sign in", "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "console/sign_in.html", context, status=400 if form.is_bound else 200)


@require_POST
def sign_out(request: ConsoleRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


@never_cache
def home(request: ConsoleRequest) -> HttpResponse:
    """Lead to sign-in, then to the person's tenant."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(reverse("sign-in"))
    tenants = access.tenants_of(request.principal)
    tenant = tenants.filter(pk=request.user.home_id).first() or tenants.first()
    if tenant is not None:
        return HttpResponseRedirect(tenant_address(request, tenant.slug))
    if access.owns_instance(request.principal):
        return HttpResponseRedirect(reverse("tenants"))
    return no_access(request)


def _safe(request: ConsoleRequest, address: str) -> str:
    """Return ``address`` if it leads nowhere else than here, else nothing."""
    here = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if here else ""
