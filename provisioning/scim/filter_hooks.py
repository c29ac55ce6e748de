"""django-scim2's filter hook (``USER_FILTER_PARSER``, ``GROUP_FILTER_PARSER``).

A module of its own: django-scim2 loads it from its settings while it defines its adapters, so it imports none.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django_scim.filters import FilterQuery

from provisioning import reading
from provisioning.scim.filters.homes import GroupHome, Home, UserHome
from provisioning.scim.filters.translation import condition_of


class ScopedFilterQuery(FilterQuery):
    """Searches what the integration of the request has, as a lazy queryset instead of raw SQL."""

    home: type[Home]
    rows: Any

    @classmethod
    def search(cls, filter_query: str | None, request: HttpRequest, *, mixed: bool = False) -> QuerySet[Any]:
        """Return the resources that fulfil a filter, all without one.

        ``mixed`` as in ``condition_of``. Raises ``Refused`` invalidFilter.
        """
        found = cls.rows(request.provisioner)
        if filter_query is None:
            return found
        return found.filter(condition_of(cls.home(request.provisioner.integration_id), filter_query, mixed=mixed))


class UserFilterQuery(ScopedFilterQuery):
    home = UserHome
    rows = staticmethod(reading.users)


class GroupFilterQuery(ScopedFilterQuery):
    home = GroupHome
    rows = staticmethod(reading.groups)
