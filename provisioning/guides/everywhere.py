"""What goes wrong with every client that pushes."""

from provisioning.guides.shape import Pitfall

NOTHING_ARRIVES = Pitfall(
    "Nothing arrives and *Recent requests* is empty",
    "The client cannot reach the endpoint: look into its log. The counter *Requests without a valid token* grows if "
    "the token is wrong",
)
UNAUTHORIZED = Pitfall(
    "401 for everything",
    "The client sends no Bearer token, or the token was rotated or copied with a blank",
)
DISABLED = Pitfall(
    "403 *This integration is disabled*",
    "Enable it, then start a full sync: changes that were refused are not sent again",
)
TENANTS_DISABLED = Pitfall(
    "403 *Tenants are disabled*",
    "The server runs with `kestra.ee.tenants.enabled` false: the operator has to set it to true",
)
NO_INTEGRATION = Pitfall(
    "404 *There is no such integration in this tenant*",
    "The endpoint is mistyped, or the integration was removed. A new one has another endpoint and another token",
)
ROTATED = Pitfall(
    "After **Rotate**, the client is refused",
    "Its token is the old one. Rotate with an overlap, change the token in the client, and let the old one run out",
)
EVERYWHERE = (NOTHING_ARRIVES, UNAUTHORIZED, DISABLED, TENANTS_DISABLED, NO_INTEGRATION, ROTATED)
