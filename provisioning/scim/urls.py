"""The addresses below a SCIM endpoint; the mount has taken tenant and integration off the path."""

from django.urls import path

from provisioning.scim import bulk, discovery, views

urlpatterns = [
    path("Users", views.UserCollection, name="users"),
    path("Users/.search", views.UserSearch, name="users-search"),
    path("Users/<str:id>", views.UserResource, name="user"),
    path("Groups", views.GroupCollection, name="groups"),
    path("Groups/.search", views.GroupSearch, name="groups-search"),
    path("Groups/<str:id>", views.GroupResource, name="group"),
    path(".search", views.RootSearch, name="search"),
    path("Bulk", bulk.Bulk, name="bulk"),
    path("ServiceProviderConfig", discovery.ServiceProviderConfig, name="service-provider-config"),
    path("ResourceTypes", discovery.ResourceTypes, name="resource-types"),
    path("ResourceTypes/<str:id>", discovery.ResourceType, name="resource-type"),
    path("Schemas", discovery.Schemas, name="schemas"),
    path("Schemas/<str:id>", discovery.Schema, name="schema"),
    path("Me", discovery.Me, name="me"),
]
