"""Filters of lists (RFC 7644 §3.4.2.2) as lazy conditions of querysets; no text of a client reaches SQL."""

from provisioning.scim.filters.translation import filter_groups as filter_groups
from provisioning.scim.filters.translation import filter_users as filter_users
