"""How many requests a second one integration may send: 429 with Retry-After beyond (RFC 6585 §4).

Off unless ``SCIM_REQUESTS_PER_SECOND`` is set. Each worker process counts by itself, in memory: a limit that
asked the database would cost what it is there to spare.
"""

import math
import time

from django.conf import settings

from provisioning.scim.errors import ScimError

clock = time.monotonic
# What each integration has left, and when that was so.
_left: dict[str, tuple[float, float]] = {}


def admit(integration_id: str) -> None:
    """Let one request pass; a second's worth may come at once.

    Raises ``ScimError`` 429.
    """
    limit = settings.SCIM_REQUESTS_PER_SECOND
    if not limit:
        return
    now = clock()
    left, since = _left.get(integration_id, (limit, now))
    left = min(limit, left + (now - since) * limit)
    if left < 1:
        wait = math.ceil((1 - left) / limit)
        raise ScimError(
            429, f"More than {limit} requests a second: try again in {wait} s.", headers={"Retry-After": str(wait)}
        )
    _left[integration_id] = (left - 1, now)
