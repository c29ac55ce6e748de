"""Filters on what one integration has, as conditions of its rows."""

from django.db.models import Q

from provisioning.scim.filters.homes import GroupHome, UserHome
from provisioning.scim.filters.translation import condition_of


def filter_users(integration_id: str, text: str, *, mixed: bool = False) -> Q:
    return condition_of(UserHome(integration_id), text, mixed=mixed)


def filter_groups(integration_id: str, text: str, *, mixed: bool = False) -> Q:
    return condition_of(GroupHome(integration_id), text, mixed=mixed)
