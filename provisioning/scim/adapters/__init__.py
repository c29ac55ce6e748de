"""Where SCIM requests meet Django models: one User or Group of one integration (django-scim2 adapters).

An adapter collects what a request wants and calls one action; it decides nothing. Reading splices the
document that was rendered when the resource was written.
"""

from provisioning.scim.adapters.base import Adapter as Adapter
from provisioning.scim.adapters.base import base as base
from provisioning.scim.adapters.groups import GroupAdapter as GroupAdapter
from provisioning.scim.adapters.people import UserAdapter as UserAdapter
