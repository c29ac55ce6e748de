"""HTTP out of the server: to https and public addresses only, unless the operator allows more (OUTBOUND_ALLOW).

An administrator of a tenant enters addresses that the server then asks, so none may lead into the operator's own
network. A name is resolved once for a connection, and the address that was checked is the one connected to.
"""

import re
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2

from kestra_iam.errors import IamError, Invalid
from provisioning.destinations import how_to_allow, is_named, may_go, resolve

CONNECT_SECONDS = 5
ANSWER_SECONDS = 30
# Each piece of an answer may take ANSWER_SECONDS, all of its body this long.
WHOLE_ANSWER_SECONDS = 120
LARGEST_ANSWER = 16 * 1024 * 1024
# A name may have many addresses that all keep silent.
_ADDRESSES_TRIED = 4
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")


class Unreachable(IamError):
    """A server could not be asked: it is not there, too slow, or its answer is no answer."""


class Refused(Unreachable):
    """It would end the same way each time: a place where the server does not go, or an answer that it does not take."""


def client() -> httpx2.Client:
    """Return an HTTP client that goes nowhere else, follows no redirect and takes no proxy from the environment.

    Its requests raise ``Unreachable`` for whatever goes wrong below HTTP, and ``Refused`` for redirects, for answers of
    more than 16 MiB and for compressed ones, which may become any size. Certificates are those that the system trusts,
    or the operator's (``SSL_CERT_FILE``).
    """
    return httpx2.Client(
        transport=_Transport(),
        timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )


def check_address(url: str, field: str = "base_url") -> None:
    """Raise ``Invalid`` for an address that the server would not ask.

    A name that cannot be resolved at the moment passes: the connection decides.
    """
    try:
        address = httpx2.URL(url)
        # A raw host is what is connected to: lower case, international names in their ASCII form.
        host, port = address.raw_host.decode("ascii"), _port(address)
    except (httpx2.InvalidURL, ValueError):
        host, address, port = "", httpx2.URL(""), 0
    if not _HOST.fullmatch(host) or address.scheme not in ("https", "http") or not 0 < port < 65536:
        raise Invalid("Enter an address such as https://keycloak.example.org.", field=field)
    if address.userinfo or "@" in url or "?" in url or "#" in url:
        raise Invalid("Enter the address alone: without user, question mark and number sign.", field=field)
    if address.scheme == "http" and not is_named(host, port):
        raise Invalid(f"Use https. {how_to_allow(host)}", field=field)
    try:
        _checked(host, port)
    except Refused as refusal:
        raise Invalid(refusal.message, field=field) from None
    except OSError:
        return


class _Transport(httpx2.HTTPTransport):
    def __init__(self) -> None:
        context = httpx2.create_ssl_context()
        super().__init__(verify=context, trust_env=False)
        # httpx2 has no parameter for how names are resolved; httpcore2 below it has.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context, keepalive_expiry=5, network_backend=_CheckedNetwork()
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.scheme != "https" and not is_named(url.raw_host.decode("ascii"), _port(url)):
            raise Refused(f"Use https to reach {url.host}. {how_to_allow(url.host)}")
        with _in_words(url.host):
            response = super().handle_request(request)
        try:
            _check_head(response, url.host)
        except Refused:
            response.close()
            raise
        response.stream = _Bounded(response.stream, url.host)
        return response


def _check_head(response: httpx2.Response, host: str) -> None:
    if response.has_redirect_location:
        raise Refused(f"{host} answers with a redirect to {_place(response)}: enter the address it leads to.")
    # Asked for as it is; unpacking is done above the limit of size.
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(f"{host} sends a compressed answer that nobody asked for.")


def _place(response: httpx2.Response) -> str:
    """Return where a redirect leads, without what may be secret: user and query."""
    try:
        target = urlsplit(response.headers["Location"])
    except ValueError:
        return "an address that is none"
    host = target.netloc.rpartition("@")[2]
    return (f"{target.scheme or 'https'}://{host}{target.path}" if host else target.path)[:200]


class _Bounded(httpx2.SyncByteStream):
    """An answer that ends with an error once it is too large or takes too long."""

    def __init__(self, stream: Any, host: str):
        self._stream, self._host = stream, host

    def __iter__(self) -> Iterator[bytes]:
        size, ends = 0, time.monotonic() + WHOLE_ANSWER_SECONDS
        with _in_words(self._host):
            for piece in self._stream:
                size += len(piece)
                if size > LARGEST_ANSWER:
                    raise Refused(f"{self._host} sends an answer of more than {LARGEST_ANSWER} bytes.")
                if time.monotonic() > ends:
                    raise Unreachable(f"{self._host} takes too long to send its answer.")
                yield piece

    def close(self) -> None:
        self._stream.close()


class _CheckedNetwork(httpcore2.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            *others, last = _checked(host, port)[:_ADDRESSES_TRIED]
        except OSError:
            raise Unreachable(f"There is no host {host}.") from None
        for address in others:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return super().connect_tcp(last, port, timeout, local_address, socket_options)


def _checked(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raises ``Refused`` if the server may not go to one, ``OSError`` for none."""
    addresses = resolve(host, port)
    if not all(may_go(host, port, address) for address in addresses):
        raise Refused(f"{host} is not a public address. {how_to_allow(host)}")
    return [str(address) for address in addresses]


def _port(url: httpx2.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


@contextmanager
def _in_words(host: str) -> Iterator[None]:
    """Turn what goes wrong below HTTP into one line."""
    try:
        yield
    except httpx2.TimeoutException:
        raise Unreachable(f"{host} does not answer in time.") from None
    except httpx2.HTTPError as error:
        why: BaseException | None = error
        while why and not isinstance(why, OSError):
            why = why.__cause__ or why.__context__
        if isinstance(why, ssl.SSLCertVerificationError):
            raise Refused(f"The certificate of {host} is not accepted: {why.verify_message}.") from None
        if isinstance(why, ssl.SSLError):
            raise Unreachable(f"{host} cannot be reached: no TLS connection comes about.") from None
        reason = why.strerror if isinstance(why, OSError) and why.strerror else "the connection broke off"
        raise Unreachable(f"{host} cannot be reached: {reason}.") from None
