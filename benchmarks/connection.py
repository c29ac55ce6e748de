"""One keep-alive HTTP/1.1 connection to a server on loopback, cheap enough that the server stays the bottleneck."""

import asyncio
import json
import socket
from typing import Any
from urllib.parse import urlsplit

CUT_OFF = (ConnectionError, asyncio.IncompleteReadError, OSError)


class Connection:
    """Sends SCIM requests one after another; reconnects when the server has closed the connection."""

    def __init__(self, base: str, token: str, *, seconds: float = 60):
        parts = urlsplit(base)
        if not _is_loopback(parts.hostname or ""):
            raise SystemExit(f"{base} is not on loopback: nothing else is measured.")
        self._host, self._port = parts.hostname, parts.port or 80
        self._path = parts.path.rstrip("/")
        self._seconds = seconds
        self._head = (
            f"Host: {parts.netloc}\r\nAccept: application/scim+json, application/json\r\n"
            f"Authorization: Bearer {token}\r\n"
        ).encode()
        self._reader: Any = None
        self._writer: Any = None

    async def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Return status and body; status 0 with the reason as body where no answer came."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        described = b""
        if body is not None:
            described = b"Content-Type: application/scim+json\r\nContent-Length: %d\r\n" % len(data)
        message = b"%s %s%s HTTP/1.1\r\n%s%s\r\n%s" % (
            method.encode(),
            self._path.encode(),
            path.encode(),
            self._head,
            described,
            data,
        )
        # A connection that was kept may have been closed by the server in between: once more on a new one.
        for kept in (True, False) if self._writer else (False,):
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._exchange(message)
            except TimeoutError:
                self.close()
                return 0, b"no answer in time"
            except CUT_OFF as error:
                self.close()
                if not kept:
                    return 0, f"{type(error).__name__}: {error}".encode()
        return 0, b""

    async def open(self) -> None:
        """Connect now, not with the first request."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**20)
        own = self._writer.get_extra_info("socket")
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The end that answers knows this connection by this port.
        self.port = own.getsockname()[1]

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _exchange(self, message: bytes) -> tuple[int, bytes]:
        if self._writer is None:
            await self.open()
        reader, writer = self._reader, self._writer
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        closes = b"\r\nconnection: close" in head
        if (at := head.find(b"\r\ncontent-length:")) >= 0:
            length = int(head[at + 17 : head.index(b"\r\n", at + 2)])
            body = await reader.readexactly(length) if length else b""
        elif b"\r\ntransfer-encoding: chunked" in head:
            body = await _chunks(reader)
        else:
            body = await reader.read(-1) if closes and status not in (204, 304) else b""
        if closes:
            self.close()
        return status, body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while length := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append(await reader.readexactly(length))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def _is_loopback(host: str) -> bool:
    try:
        return host in ("localhost", "::1") or socket.inet_aton(host)[0] == 127
    except OSError:
        return False
