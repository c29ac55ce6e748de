"""How each client is connected: told by the console with its values filled in, and by docs/."""

from provisioning.guides import authentik, entra, keycloak_pull, keycloak_push, okta, other
from provisioning.guides.shape import Guide, Pitfall, Section, Step, Value

GUIDES: tuple[Guide, ...] = (
    keycloak_push.GUIDE,
    keycloak_pull.GUIDE,
    authentik.GUIDE,
    okta.GUIDE,
    entra.GUIDE,
    other.GUIDE,
)

__all__ = ["GUIDES", "Guide", "Pitfall", "Section", "Step", "Value", "find"]


def find(key: str) -> Guide:
    """Return the guide of that key, the first one for an unknown key."""
    return next((guide for guide in GUIDES if guide.key == key), GUIDES[0])
