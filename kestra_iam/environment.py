"""Deployment choices, read from environment variables for the settings.

Every reader takes a default and stops the start with one line that names the variable and says what would
be right. A variable that is set but empty counts as not set, except where the reader says otherwise.
"""

import os
import re
import secrets
import tempfile
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import yaml
from django.core.exceptions import ImproperlyConfigured

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
_HOST = re.compile(r"[a-z0-9.:_-]+")
TENANTS_VARIABLE = "KESTRA_EE_TENANTS_ENABLED"
TENANTS_SETTING = "kestra.ee.tenants.enabled"


class Misconfigured(ImproperlyConfigured):
    """A variable holds something unusable; the message is one line for the operator."""


def text(name: str, default: str = "") -> str:
    """Return the variable without surrounding blanks."""
    return os.environ.get(name, "").strip() or default


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high``."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value[:9]) <= high):
        raise Misconfigured(f"{name} is {value!r}: use a whole number from {low} to {high}.")
    return int(value)


def listed(name: str, default: list[str]) -> list[str]:
    """Return a list written with commas."""
    return [part.strip() for part in text(name).split(",") if part.strip()] or default


def address(name: str, default: str) -> str:
    """Return an IP address to listen on."""
    try:
        return str(ip_address(text(name, default)))
    except ValueError:
        raise Misconfigured(f"{name} is {text(name)!r}: use an IP address, as in '127.0.0.1' or '0.0.0.0'.") from None


def networks(name: str) -> list[str]:
    """Return IP addresses and networks in canonical form (``10.0.0.0/8``, ``127.0.0.1/32``)."""
    try:
        return [str(ip_network(part, strict=False)) for part in listed(name, [])]
    except ValueError:
        raise Misconfigured(
            f"{name} is {text(name)!r}: use IP addresses or networks with commas between them, as in '10.0.0.0/8,::1'."
        ) from None


def allowed_hosts(name: str) -> list[str]:
    """Return hosts, hosts with a port, IP addresses and networks, in lower case."""
    hosts = [part.lower() for part in listed(name, [])]
    for host in hosts:
        try:
            ip_network(host)
        except ValueError:
            if not re.fullmatch(r"[a-z0-9._-]+(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?", host):
                raise Misconfigured(
                    f"{name} names {host!r}: use hosts, IP addresses or networks with commas between them, as in "
                    "'keycloak.internal,10.1.0.0/16'."
                ) from None
    return hosts


def public_url(name: str, default: str) -> str:
    """Return the address under which clients reach the server: scheme and host, without a slash at the end."""
    value = text(name, default).rstrip("/")
    wrong = Misconfigured(
        f"{name} is {value!r}: use http:// or https:// and a host without a path, as in 'https://iam.example.org'."
    )
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise wrong from None
    rest = parts.path or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or "") or port == 0 or rest:
        raise wrong
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(url: str) -> bool:
    """Return whether ``url`` names this machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def database(name: str, default: Path) -> dict[str, Any]:
    """Return Django's description of the database in a URL: SQLite or PostgreSQL."""
    example = "use 'postgres://USER:PASSWORD@HOST:5432/NAME' or 'sqlite:////absolute/path.sqlite3'"
    try:
        # Never quotes the value: it may hold a password.
        found = dict(dj_database_url.parse(text(name, f"sqlite:///{default}")))
    except ValueError:
        raise Misconfigured(f"{name} cannot be understood: {example}.") from None
    if found["ENGINE"] not in (SQLITE, POSTGRESQL) or found["NAME"] in ("", ":memory:"):
        raise Misconfigured(f"{name} names neither a SQLite file nor a PostgreSQL database: {example}.")
    if found["ENGINE"] == SQLITE:
        file = Path(str(found["NAME"])).absolute()
        if not file.parent.is_dir():
            raise Misconfigured(f"{name} names a file in a directory that does not exist: {file}.")
        found["NAME"] = str(file)
    return found


def secret_key(name: str, kept: Path) -> str:
    """Return the key from ``name``, else from the file that ``name_FILE`` names, else one made and kept in ``kept``."""
    if key := text(name):
        return key
    if path := text(f"{name}_FILE"):
        try:
            key = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            key = ""
        if not key:
            raise Misconfigured(f"{name}_FILE names no readable file with a key in it: {path}.")
        return key
    return _kept_key(kept, name)


def _kept_key(path: Path, name: str) -> str:
    try:
        if not path.exists():
            # Processes may start at once: the first to link its own draft wins, and everybody reads that one.
            # mkstemp creates it with mode 0600.
            descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret-key-")
            try:
                os.write(descriptor, secrets.token_urlsafe(64).encode())
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                os.close(descriptor)
                Path(draft).unlink()
        return path.read_text().strip()
    except OSError as error:
        raise Misconfigured(f"{name} is not set and none can be kept in {path} ({error.strerror}): set it.") from None


def tenants_enabled(config: str) -> bool:
    """Return whether tenants are on: the variable wins over the YAML file that the variable ``config`` names.

    Anything but ``true`` or ``false``, nothing at all included, stops the start.
    """
    if TENANTS_VARIABLE in os.environ:
        return _true_or_false(TENANTS_VARIABLE, os.environ[TENANTS_VARIABLE])
    path = text(config)
    if not path:
        return True
    try:
        # Without YAML's own ideas of truth: 'yes' and 'on' are no 'true'.
        node: object = yaml.load(Path(path).read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
    except OSError as error:
        raise Misconfigured(f"{config} names a file that cannot be read: {path} ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Misconfigured(f"{config} names a file that is no YAML: {path}.") from None
    for key in TENANTS_SETTING.split("."):
        if node in (None, ""):
            return True
        if not isinstance(node, dict):
            raise Misconfigured(f"{TENANTS_SETTING} in {path}: {key!r} must stand in a mapping.")
        if key not in node:
            return True
        node = node[key]
    return _true_or_false(f"{TENANTS_SETTING} in {path}", node)


def _true_or_false(name: str, value: object) -> bool:
    if value not in ("true", "false"):
        raise Misconfigured(f"{name} is {value!r}: use true or false.")
    return value == "true"
