"""Where the server may send requests: public addresses, and what the operator allows beside them (OUTBOUND_ALLOW)."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address

# Global unicast addresses; whatever lies outside is local, reserved, or wraps another one (RFC 4291 §2.4).
_UNICAST = IPv6Network("2000::/3")
# IPv4 addresses inside IPv6 ones, which a gateway unwraps (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
# Protocol assignments and relays, which ``is_global`` takes for public in part (RFC 6890, RFC 7526).
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


def is_public(address: Address) -> bool:
    """Return whether an address is one of the internet, and so is every IPv4 address inside it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        return address in _UNICAST and address.is_global
    special = address.is_multicast or address.is_reserved or any(address in network for network in _SPECIAL)
    return address.is_global and not special


def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host name or of an address in any notation; raises ``OSError`` for none."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(f"no host name: {host!r}") from None
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


def is_named(host: str, port: int) -> bool:
    """Return whether the operator allows this host as it is written, over http too."""
    host = host.strip("[]").lower()
    if {host, f"{host}:{port}", f"[{host}]:{port}"} & set(settings.OUTBOUND_ALLOW):
        return True
    try:
        return is_in_allowed_network(ip_address(host))
    except ValueError:
        return False


def is_in_allowed_network(address: Address) -> bool:
    """Return whether the operator allows this address, or a network that it is in."""
    for allowed in settings.OUTBOUND_ALLOW:
        try:
            if address in ip_network(allowed):
                return True
        except ValueError:
            continue
    return False


def may_go(host: str, port: int, address: Address) -> bool:
    """Return whether the server may connect to an address that ``host`` stands for."""
    return is_public(address) or is_named(host, port) or is_in_allowed_network(address)


def how_to_allow(host: str) -> str:
    """Return the sentence that tells an administrator whom to ask."""
    return f"The operator of this server can allow {host} with OUTBOUND_ALLOW."
