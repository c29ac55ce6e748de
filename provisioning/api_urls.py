from django.urls import path

from provisioning import api

urlpatterns = [
    path("", api.SecurityIntegrations.as_view(), name="security-integrations"),
    path("/<str:id>", api.SecurityIntegration.as_view(), name="security-integration"),
    path("/<str:id>/enable", api.EnableSecurityIntegration.as_view(), name="enable-security-integration"),
    path("/<str:id>/disable", api.DisableSecurityIntegration.as_view(), name="disable-security-integration"),
]
