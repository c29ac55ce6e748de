"""Addresses of the REST API below ``/api/v1/TENANT``."""

from django.urls import include, path

urlpatterns = [path("security-integrations", include("provisioning.api_urls"))]

handler400 = "kestra_iam.rest.bad_request"
handler404 = "kestra_iam.rest.not_found"
handler500 = "kestra_iam.rest.server_error"
