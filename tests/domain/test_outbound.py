"""The server asks https and public addresses only; the operator may allow more."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kestra_iam.errors import Invalid
from provisioning import outbound
from provisioning.destinations import is_public
from provisioning.outbound import Refused, Unreachable, check_address, client


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Enter an address such as"),
        ("keycloak.example.org", "Enter an address such as"),
        ("ftp://keycloak.example.org", "Enter an address such as"),
        ("https://", "Enter an address such as"),
        ("https://[::1", "Enter an address such as"),
        ("https://host:99999", "Enter an address such as"),
        ("https://admin:pw@8.8.8.8", "without user"),
        ("https://8.8.8.8/?realm=x", "without user"),
        ("https://8.8.8.8/#x", "without user"),
        ("http://8.8.8.8", "Use https"),
        ("https://127.0.0.1:8443", "not a public address"),
        ("https://localhost", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://10.0.0.7", "not a public address"),
        ("https://169.254.169.254/latest", "not a public address"),
        ("https://0x7f000001/", "not a public address"),
        ("https://2130706433/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://[64:ff9b::7f00:1]/", "not a public address"),
        ("https://[fe80::1]/", "not a public address"),
        ("https://[fec0::1]/", "not a public address"),
        ("https://[fd00::1]/", "not a public address"),
        ("https://[2002:7f00:1::]/", "not a public address"),
        ("https://[64:ff9b:1::7f00:1]/", "not a public address"),
        ("https://[::7f00:1]/", "not a public address"),
        ("https://[::]/", "not a public address"),
        ("https://[ff0e::1]/", "not a public address"),
        ("https://0.0.0.0", "not a public address"),
        ("https://127.1", "not a public address"),
        ("https://192.0.0.192", "not a public address"),
        ("https://224.0.0.1", "not a public address"),
        ("https://255.255.255.255", "not a public address"),
        ("https://a b.example.org", "Enter an address such as"),
        ("https://[fe80::1%25lo]/", "Enter an address such as"),
        ("https://8.8.8.8:0", "Enter an address such as"),
        ("https://8.8.8.8\\@127.0.0.1/", "without user"),
        ("https://@8.8.8.8", "without user"),
        ("https://8.8.8.8/?", "without user"),
    ],
)
def test_an_address_that_is_not_asked_is_refused_with_the_field_and_a_sentence(url: str, sentence: str):
    with pytest.raises(Invalid, match=sentence) as refusal:
        check_address(url)
    assert refusal.value.field == "base_url"


@pytest.mark.parametrize("url", ["https://8.8.8.8", "https://8.8.8.8:8443/auth", "https://[2001:4860:4860::8888]"])
def test_a_public_address_passes(url: str):
    check_address(url)


def test_a_name_that_is_unknown_at_the_moment_passes_and_the_connection_tells():
    check_address("https://keycloak.invalid")
    with client() as http, pytest.raises(Unreachable, match=r"There is no host keycloak\.invalid"):
        http.get("https://keycloak.invalid")


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:8080", "127.0.0.0/8"])
def test_the_operator_may_allow_a_host_a_port_of_it_or_a_network(settings, allowed: str):
    settings.OUTBOUND_ALLOW = [allowed]
    check_address("https://127.0.0.1:8080")
    check_address("http://127.0.0.1:8080")
    with pytest.raises(Invalid):
        check_address("https://10.0.0.7")


def test_an_allowed_port_opens_no_other_and_an_allowed_name_does_not_open_its_address(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1:8080", "localhost"]
    check_address("http://localhost:5432")
    with pytest.raises(Invalid, match="not a public address"):
        check_address("https://127.0.0.1:5432")


def test_a_name_in_an_allowed_network_needs_https_since_only_the_network_is_trusted(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8", "::1"]
    check_address("https://localhost")
    with pytest.raises(Invalid, match="Use https"):
        check_address("http://localhost")


def test_a_name_is_allowed_in_the_form_that_the_network_uses(settings):
    settings.OUTBOUND_ALLOW = ["xn--bcher-kva.invalid"]
    check_address("http://B\u00fccher.invalid")


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.:@\[\]%-]{1,40}(/[a-z]*)?", fullmatch=True))
def test_whatever_is_entered_passes_or_is_refused_with_a_sentence(url: str):
    with pytest.MonkeyPatch.context() as patched:
        # Names are not asked of the network here; addresses in any notation are still understood.
        real = socket.getaddrinfo
        patched.setattr(
            socket,
            "getaddrinfo",
            lambda host, port, **options: real(host, port, flags=socket.AI_NUMERICHOST, **options),
        )
        with suppress(Invalid):
            check_address(url)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_public_or_not_however_ipv6_wraps_it(number: int):
    plain = IPv4Address(number)
    for wrapped in (f"::ffff:{plain}", f"64:ff9b::{plain}"):
        assert is_public(ip_address(wrapped)) == is_public(plain)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_the_internet_is_public(address):
    wraps = address.ipv4_mapped or address.sixtofour
    if is_public(address) and not wraps:
        assert address.is_global
        assert str(address)[0] in "23" or str(address).startswith("64:ff9b::")


@given(st.sampled_from(["10.", "127.", "192.168.", "169.254.", "224.", "240.", "0.", "100.64."]), st.integers(0, 255))
def test_no_address_of_a_private_range_is_public(start: str, last: int):
    missing = 4 - len(start.split(".")[:-1])
    assert not is_public(ip_address(start + ".".join(["1"] * (missing - 1) + [str(last)])))


Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve(settings) -> Iterator[Callable[[Answer], str]]:
    """Serve one answer on loopback, where the server may go; returns its address."""
    servers = []

    def start(answer: Answer) -> str:
        handler = type("Handler", (BaseHTTPRequestHandler,), {"do_GET": answer, "log_message": lambda *_: None})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{server.server_port}"]
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def body(status: int, text: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    return answer


def test_an_allowed_server_is_asked(serve):
    with client() as http:
        assert http.get(serve(body(200, b"[]"))).json() == []


def test_a_redirect_is_not_followed_and_says_where_it_leads_without_its_query(serve):
    url = serve(body(302, Location="https://user:pw@sso.example.org/auth?code=secret"))
    with client() as http, pytest.raises(Unreachable) as refusal:
        http.get(url)
    assert isinstance(refusal.value, Refused)
    assert "redirect to https://sso.example.org/auth: enter" in refusal.value.message
    assert "secret" not in refusal.value.message
    assert "pw" not in refusal.value.message


def test_an_answer_that_is_too_large_ends_with_an_error(serve, monkeypatch):
    monkeypatch.setattr(outbound, "LARGEST_ANSWER", 1000)
    with client() as http, pytest.raises(Unreachable, match="more than 1000 bytes"):
        http.get(serve(body(200, b"x" * 1001)))


@pytest.mark.parametrize("location", ["http://[", "//sso.example.org/x", "/auth/", ""])
def test_a_redirect_to_any_address_is_an_error(serve, location: str):
    with client() as http, pytest.raises(Refused, match="answers with a redirect to"):
        http.get(serve(body(307, Location=location)))


def test_a_compressed_answer_is_refused_before_it_is_unpacked(serve):
    bomb = gzip.compress(b"x" * (outbound.LARGEST_ANSWER + 1))
    answer = body(200, bomb, **{"Content-Encoding": "gzip"})
    with client() as http, pytest.raises(Refused, match="compressed"):
        http.get(serve(answer))


def test_an_answer_that_trickles_in_for_ever_is_left(serve, monkeypatch):
    monkeypatch.setattr(outbound, "WHOLE_ANSWER_SECONDS", 0.2)

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    with client() as http, pytest.raises(Unreachable, match="takes too long"):
        http.get(serve(trickle))


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", b"", b"220 mail.example.org ESMTP\r\n"]
)
def test_an_answer_that_breaks_off_or_is_no_http_is_told(serve, start: bytes):
    with client() as http, pytest.raises(Unreachable, match="the connection broke off"):
        http.get(serve(lambda handler: handler.wfile.write(start) and None))


def test_a_port_that_nobody_listens_on_or_that_speaks_no_tls_is_told(serve, settings):
    with client() as http:
        with pytest.raises(Unreachable, match="no TLS connection"):
            http.get(serve(body(200)).replace("http:", "https:"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings.OUTBOUND_ALLOW = ["127.0.0.1"]
            with pytest.raises(Unreachable, match="cannot be reached: Connection refused"):
                http.get(f"http://127.0.0.1:{free.getsockname()[1]}")


def test_a_server_that_does_not_answer_in_time_is_left(serve, monkeypatch):
    monkeypatch.setattr(outbound, "ANSWER_SECONDS", 0.05)
    with client() as http, pytest.raises(Unreachable, match="does not answer in time"):
        http.get(serve(lambda handler: time.sleep(0.3)))


def test_a_name_that_turns_to_a_private_address_after_it_was_checked_is_not_connected_to(serve, settings, monkeypatch):
    port = int(serve(body(200)).rpartition(":")[2])
    settings.OUTBOUND_ALLOW = []
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def resolve(host: str, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    check_address(f"https://rebind.example.org:{port}")
    with client() as http, pytest.raises(Unreachable, match="not a public address"):
        http.get(f"https://rebind.example.org:{port}")


def test_a_proxy_of_the_environment_is_not_taken(serve, monkeypatch):
    url = serve(body(200, b"[]"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with client() as http:
        assert http.get(url).status_code == 200
