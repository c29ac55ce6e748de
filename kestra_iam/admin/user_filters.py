"""How the list of users is narrowed."""

from django.db.models import Exists, OuterRef, Q

from kestra_iam.console.filters import Choice
from kestra_iam.models import AccessSource


class State(Choice):
    title = "State"
    parameter_name = "state"
    options = [("active", "Active"), ("inactive", "Inactive"), ("suspended", "Suspended")]

    def narrow(self, request, queryset, value):
        wanted = {
            "active": Q(suspended=False, let_in=True),
            "inactive": Q(suspended=False, let_in=False),
            "suspended": Q(suspended=True),
        }
        return queryset.filter(wanted[value])


class Through(Choice):
    title = "Access through"
    parameter_name = "through"

    def lookups(self, request, model_admin):
        sources = AccessSource.objects.filter(tenant=request.tenant).exclude(owner_key="").order_by("owner_name")
        return [("hand", "By hand"), *sources.values_list("owner_key", "owner_name").distinct()]

    def narrow(self, request, queryset, value):
        owner_key = "" if value == "hand" else value
        sources = AccessSource.objects.filter(tenant=request.tenant, owner_key=owner_key)
        return queryset.filter(Exists(sources.filter(user=OuterRef("pk"))))
