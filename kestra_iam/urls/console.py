"""Addresses below ``/ui/TENANT``."""

from importlib import import_module

from django.urls import path
from django.views.generic import RedirectView

from kestra_iam.admin import account, sign_in, sign_in_links
from kestra_iam.console.site import site

for app in ("kestra_iam", "provisioning"):
    import_module(f"{app}.admin")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/link/", sign_in_links.follow, name="sign-in-link"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.create_own_token, name="own-token-add"),
    path("account/tokens/<uuid:token_id>/remove/", account.remove_own_token, name="own-token-remove"),
    path("administration/", site.urls),
]

handler400 = "kestra_iam.console.errors.bad_request"
handler403 = "kestra_iam.console.errors.forbidden"
handler404 = "kestra_iam.console.errors.not_found"
handler500 = "kestra_iam.console.errors.server_error"
