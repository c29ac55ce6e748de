"""Addresses that belong to no tenant."""

from django.urls import path

from kestra_iam.admin import sign_in, tenants

urlpatterns = [
    path("", sign_in.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("instance/tenants/", tenants.tenants, name="tenants"),
    path("instance/tenants/add/", tenants.add_tenant, name="tenant-add"),
]

handler400 = "kestra_iam.console.errors.bad_request"
handler403 = "kestra_iam.console.errors.forbidden"
handler404 = "kestra_iam.console.errors.not_found"
handler500 = "kestra_iam.console.errors.server_error"
