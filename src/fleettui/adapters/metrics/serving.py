"""serve_metrics: `/metrics` over HTTP for programs of this machine, and nobody else."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from fleettui.adapters.metrics.exposition import CONTENT_TYPE
from fleettui.core.errors import Refused

_MOST_HEAD: Final = 8192
_PATIENCE: Final = 5.0
_MOST_AT_ONCE: Final = 16


def loopback(address: str) -> tuple[str, int]:
    """Read `127.0.0.1:9464` or `[::1]:9464`; raises Refused for what is not this machine alone."""
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        inside = ipaddress.ip_address(bare).is_loopback
        number = int(port)
    except ValueError as error:
        raise Refused(
            f"'{address}' is no address for metrics", "write FLEETTUI_METRICS=127.0.0.1:9464"
        ) from error
    if not inside or not 0 <= number <= 65535:
        raise Refused(
            f"metrics are not served on '{address}': they show every tenant",
            "use 127.0.0.1 or ::1, and let something with a password pass them on",
        )
    return bare, number


@asynccontextmanager
async def serve_metrics(address: str, text: Callable[[], str]) -> AsyncIterator[int]:
    """Serve while the context is open; gives the port. Raises Refused."""
    host, port = loopback(address)
    answering = asyncio.Semaphore(_MOST_AT_ONCE)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with answering, asyncio.timeout(_PATIENCE):
                writer.write(_answer(await reader.readuntil(b"\r\n\r\n"), text))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=_MOST_HEAD)
    except OSError as error:
        raise Refused(
            f"metrics can't be served on '{address}': {error.strerror}", "choose another port"
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _answer(head: bytes, text: Callable[[], str]) -> bytes:
    """Answer a request; one that a page made a browser send names another host than this."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    hosts = [
        value.strip()
        for name, colon, value in (line.partition(":") for line in lines)
        if colon and name.strip().lower() == "host"
    ]
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or len(hosts) != 1:
        return _response("400 Bad Request", "this is no request\n")
    if not _is_here(hosts[0]):
        return _response("421 Misdirected Request", "ask 127.0.0.1 for this\n")
    if words[1].partition("?")[0] != "/metrics":
        return _response("404 Not Found", "there is /metrics\n")
    if words[0] not in {"GET", "HEAD"}:
        return _response("405 Method Not Allowed", "this is to be read\n")
    body = text()
    return _response("200 OK", body, head_only=words[0] == "HEAD")


def _is_here(host: str) -> bool:
    """Say whether a Host header names this machine by address, or as localhost."""
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def _response(status: str, body: str, *, head_only: bool = False) -> bytes:
    written = body.encode("utf-8")
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(written)}\r\n"
        "Connection: close\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if head_only else written)
