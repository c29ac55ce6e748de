"""One's own account: password and API tokens for this tenant."""

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kestra_iam.actions import passwords, service_accounts
from kestra_iam.admin.service_accounts import TOKEN_SHOWN_ONCE
from kestra_iam.console.forms import ConsoleForm
from kestra_iam.console.headers import show_once
from kestra_iam.console.request import ConsoleRequest
from kestra_iam.console.site import site
from kestra_iam.console.token_forms import ApiTokenForm
from kestra_iam.errors import IamError
from kestra_iam.models import ApiToken


class PasswordForm(ConsoleForm):
    old = forms.CharField(
        label="Present password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label="New password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_old(self):
        if not self.request.user.check_password(self.cleaned_data["old"]):
            raise forms.ValidationError("This is not your present password.")
        return self.cleaned_data["old"]


@site.admin_view
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: ConsoleRequest) -> HttpResponse:
    """Change one's password; list one's API tokens."""
    form = PasswordForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            passwords.change_password(by=request.principal, user=request.user, password=form.cleaned_data["password"])
        except IamError as error:
            form.refuse(error)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, "Your password is changed; your other sessions have ended.")
            return HttpResponseRedirect(reverse("account"))
    return _page(request, password_form=form)


@site.admin_view
@require_POST
def create_own_token(request: ConsoleRequest) -> HttpResponse:
    """Make an API token for oneself and show it once."""
    form = ApiTokenForm(request.POST, request=request)
    if not form.is_valid():
        return _page(request, token_form=form)
    try:
        _, secret = service_accounts.create_token(
            by=request.principal, tenant=request.tenant, holder=request.user, **form.values
        )
    except IamError as error:
        form.refuse(error)
        return _page(request, token_form=form)
    context = {
        "title": "API token",
        "label": "API token",
        "secret": secret,
        "leave_to": reverse("account"),
        "sentences": TOKEN_SHOWN_ONCE,
    }
    return show_once(render(request, "console/secret.html", {**site.each_context(request), **context}))


@site.admin_view
@require_POST
def remove_own_token(request: ConsoleRequest, token_id) -> HttpResponse:
    """Delete one of one's own API tokens."""
    token = get_object_or_404(ApiToken, pk=str(token_id), tenant=request.tenant, user=request.user)
    service_accounts.delete_token(by=request.principal, token=token)
    messages.success(request, "The API token has been removed: it opens nothing any more.")
    return HttpResponseRedirect(reverse("account"))


def _page(request: ConsoleRequest, **forms_shown) -> HttpResponse:
    tokens = ApiToken.objects.filter(tenant=request.tenant, user=request.user)
    context = {
        "title": "Your account",
        "tokens": tokens,
        "password_form": PasswordForm(request=request),
        "token_form": ApiTokenForm(request=request),
        **forms_shown,
    }
    wrong = any(form.errors for form in forms_shown.values())
    return render(
        request, "console/account.html", {**site.each_context(request), **context}, status=400 if wrong else 200
    )
