"""Requests to one realm of a Keycloak as a client with a service account: its token, patience, and what goes wrong."""

import time
from typing import Any
from urllib.parse import quote

import httpx2

from provisioning import outbound
from provisioning.keycloak.errors import Gone, KeycloakError
from provisioning.outbound import Refused, Unreachable

# How long before its end a token is renewed, in seconds.
_SPARE = 30
_TRY_AGAIN = (429, 500, 502, 503, 504)
# After that many seconds nothing is tried again: a run without life for two minutes counts as interrupted.
_PATIENCE = 60


class Connection:
    """What asks a realm, and signs in when it has to.

    What may pass by itself, a connection that breaks off or a Keycloak that starts, is tried again after ``pauses``
    (seconds).
    """

    pauses: tuple[float, ...] = (0.3, 1.0, 3.0)

    def __init__(self, base_url: str, realm: str, client_id: str, client_secret: str, http: httpx2.Client | None):
        self._base, self._realm, self._client = base_url.rstrip("/"), realm, client_id
        self._secret = client_secret
        self._http = http or outbound.client()
        self._token = ""
        # By this machine's monotonic clock: neither side's time of day matters.
        self._renew_at = 0.0

    def close(self) -> None:
        """Close what is open to Keycloak."""
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at an address below the realm's (``/users/count``).

        Raises ``Gone`` where Keycloak says that the user or the group is not there, ``KeycloakError`` for everything
        else that is no answer.
        """
        url = f"{self._base}/admin/realms/{quote(self._realm, safe='')}{path}"
        response = self._send("GET", url, params=query, headers={"Authorization": f"Bearer {self._valid_token()}"})
        if response.status_code == 401:
            # Revoked, or signed by a key that is gone since Keycloak has started again.
            self._token = ""
            response = self._send("GET", url, params=query, headers={"Authorization": f"Bearer {self._valid_token()}"})
        return self._json(response, path)

    def _json(self, response: httpx2.Response, path: str) -> Any:
        status = response.status_code
        if status == 401:
            raise KeycloakError(
                f"Keycloak does not take the token that it has just given to the client '{self._client}': check that "
                "Base URL is the address by which Keycloak knows itself."
            )
        if status == 403:
            raise KeycloakError(
                f"The client '{self._client}' may not read {path.split('/')[1]}: give its service account the "
                "realm-management roles view-users, query-users and query-groups."
            )
        if status == 404:
            raise self._absence(response, path)
        if status != 200:
            raise KeycloakError(f"Keycloak answers {status} to {path}: check Base URL.")
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise self.not_understood(path) from None

    def _absence(self, response: httpx2.Response, path: str) -> KeycloakError:
        """Return what a 404 means: a proxy has them too, and only Keycloak's own proves that somebody is gone."""
        try:
            reason = text(response.json()["error"])
        except (ValueError, RecursionError, KeyError, TypeError):
            return self.not_understood(path)
        if path in ("/users/count", "/users", "/groups") or "realm" in reason.lower():
            return self._no_realm()
        return Gone(f"Keycloak has no {path} any more.")

    def _valid_token(self) -> str:
        if not self._token or time.monotonic() >= self._renew_at:
            self._sign_in()
        return self._token

    def _sign_in(self) -> None:
        asked_at = time.monotonic()
        url = f"{self._base}/realms/{quote(self._realm, safe='')}/protocol/openid-connect/token"
        # RFC 6749 §2.3.1 has both parts encoded before they become Basic credentials.
        credentials = (quote(self._client, safe=""), quote(self._secret, safe=""))
        response = self._send("POST", url, data={"grant_type": "client_credentials"}, auth=credentials)
        if response.status_code == 404:
            raise self._no_realm()
        try:
            answer = response.json()
            if response.status_code == 200:
                token, seconds = text(answer["access_token"]), float(answer["expires_in"])
                if not (token.isascii() and token.isprintable() and token):
                    raise ValueError("no token")
                self._token, self._renew_at = token, asked_at + seconds - _SPARE
                return
            code, reason = str(answer.get("error")), str(answer.get("error_description"))
        except (ValueError, RecursionError, OverflowError, KeyError, TypeError, AttributeError):
            raise self.not_understood("the token endpoint") from None
        if "service account" in reason or "Public client" in reason:
            raise KeycloakError(
                f"The client '{self._client}' may not sign in by itself: switch on Client authentication and "
                "Service accounts roles in Keycloak."
            )
        if "HTTPS" in reason:
            raise KeycloakError(f"Keycloak wants https for the realm '{self._realm}': change Base URL.")
        if code.startswith("HTTP "):
            # Not the token endpoint's words (RFC 6749 §5.2) but those of the Admin REST API.
            raise self.not_understood("the token endpoint")
        if response.status_code in (400, 401):
            raise KeycloakError(
                f"Keycloak refuses the client '{self._client}' in the realm '{self._realm}': check Client ID and "
                "Client secret."
            )
        raise KeycloakError(
            f"Keycloak answers {response.status_code} where the client '{self._client}' signs in: check that the realm "
            f"'{self._realm}' and the client are enabled."
        )

    def _send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        began = time.monotonic()
        for pause in self.pauses:
            try:
                response = self._http.request(method, url, **options)
                if response.status_code not in _TRY_AGAIN:
                    return response
            except Refused:
                raise
            except Unreachable:
                if time.monotonic() - began > _PATIENCE:
                    raise
            time.sleep(pause)
        response = self._http.request(method, url, **options)
        if response.status_code in _TRY_AGAIN:
            raise KeycloakError(
                f"Keycloak does not work at the moment: it answers {response.status_code}. Try again later."
            )
        return response

    def _no_realm(self) -> KeycloakError:
        return KeycloakError(f"There is no realm '{self._realm}' at {self._base}: check Base URL and Realm.")

    def not_understood(self, what: str) -> KeycloakError:
        """Return the error for an answer of the wrong shape."""
        return KeycloakError(f"The answer of {self._base} to {what} is not Keycloak's: check Base URL.")


def text(value: Any) -> str:
    """Return a text that JSON holds, ``''`` for none; raises ``TypeError`` for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"no text: {type(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TypeError("half a character") from None
    return value
