"""Sign-in links: the page that sets the password of an account at home in the tenant."""

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kestra_iam.actions import passwords
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.frame import tenant_address
from kestra_iam.console.headers import show_once
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.errors import IamError
from tenants.models import Tenant


class SetPasswordForm(ConsoleForm):
    secret = forms.CharField(max_length=255, widget=forms.HiddenInput)
    password = forms.CharField(
        label="New password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password, once more",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self):
        values = self.cleaned_data
        if not self.errors and values["password"] != values["again"]:
            self.add_error("again", "These two are not the same.")
        return values


def sign_in_link(tenant: Tenant, secret: str) -> str:
    """Return a sign-in link; its secret is behind the ``#``, which no browser sends and no server logs."""
    return f"{settings.PUBLIC_URL}/ui/{tenant.slug}/sign-in/link/#{secret}"


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: ConsoleRequest) -> HttpResponse:
    """Open a sign-in link (the page's script posts the secret), then set the password and sign in."""
    secret = request.POST.get("secret", "")
    account = passwords.sign_in_link_account(tenant=request.tenant, secret=secret) if secret else None
    form = SetPasswordForm(request.POST if "password" in request.POST else None, request=request)
    form.initial["secret"] = secret
    if account and form.is_bound and form.is_valid():
        password = form.cleaned_data["password"]
        try:
            user = passwords.use_sign_in_link(
                by=request.principal, tenant=request.tenant, secret=secret, password=password
            )
        except IamError as error:
            form.refuse(error)
        else:
            login(request, user)
            return HttpResponseRedirect(tenant_address(request, request.tenant.slug))
    context = {"title": "Set your password", "form": form, "account": account, "asked": bool(secret)}
    status = 404 if secret and account is None else 400 if form.errors else 200
    return show_once(render(request, "console/sign_in_link.html", context, status=status))
