"""django-scim2's filter hook (placeholder until the filters land)."""

from django_scim.filters import FilterQuery


class UserFilterQuery(FilterQuery):
    attr_map = {}


class GroupFilterQuery(FilterQuery):
    attr_map = {}
