"""Which tenant and which area an address belongs to (pure)."""

import re
from typing import NamedTuple

from tenants.models import RESERVED_SLUGS, SLUG

CONSOLE, REST, SCIM, INSTANCE = "console", "rest", "scim", "instance"
_ADDRESS = re.compile(r"(?P<mount>/(?P<door>ui|api/v1)/(?P<slug>[^/]+))(?P<rest>/.*|)", re.DOTALL)
_SCIM = re.compile(r"/integrations/(?P<integration>[^/]+)/scim/v2(?P<rest>/.*|)", re.DOTALL)


class Mount(NamedTuple):
    """An address taken apart: ``prefix`` goes to the script prefix, ``path`` is what URLconfs see."""

    area: str
    slug: str
    prefix: str
    path: str
    integration: str = ""


def find(path: str) -> Mount:
    """Return the mount of a request path; addresses of no tenant are the instance's, unprefixed.

    SCIM paths are tidied (``//Users`` and trailing slashes are the same resource): some clients join a
    base that ends in a slash.
    """
    found = _ADDRESS.fullmatch(path)
    if found is None or found["slug"] in RESERVED_SLUGS:
        return Mount(INSTANCE, "", "", path)
    slug = found["slug"] if SLUG.fullmatch(found["slug"]) else ""
    if found["door"] == "ui":
        return Mount(CONSOLE, slug, found["mount"], found["rest"] or "/")
    scim = _SCIM.fullmatch(found["rest"])
    if scim is None:
        return Mount(REST, slug, found["mount"], found["rest"] or "/")
    below = "/" + "/".join(part for part in scim["rest"].split("/") if part)
    prefix = f"{found['mount']}/integrations/{scim['integration']}/scim/v2"
    return Mount(SCIM, slug, prefix, below, scim["integration"])
