"""One request and its answer over aiohttp: every hop checked, all that comes back bounded."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from fleettui.adapters.tools.addresses import why_not
from fleettui.adapters.tools.http_request import READING, Request
from fleettui.adapters.tools.http_url import entry_for, parse_url, refused_address
from fleettui.adapters.tools.tool import LookUp, Surroundings
from fleettui.core.errors import OutcomeUnknown, ToolFailed

_MOST_HOPS: Final = 5
_MOST_RAW: Final = 4_000_000
_MOST_PLAIN: Final = 4_000_000
_CONNECT_SECONDS: Final = 10.0
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
# Headers that say nothing of who asks: all that another host gets to see.
_HARMLESS: Final = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_SHOWN: Final = ("content-type", "location", "last-modified", "etag", "retry-after", "link")
_WORD: Final = "fleettui"
# Python knows codecs that are no charsets, some of them slow.
_CHARSET: Final = re.compile(
    r"(utf|us-ascii|ascii|iso-?8859|latin|windows-|cp\d|koi8|gb|big5|euc|shift)"
)


class Answer(NamedTuple):
    """What came back: status and headers, the body as text, its bytes, and what is missing."""

    head: str
    body: str
    size: int
    missing: str
    ok: bool


class CheckedAddresses(AbstractResolver):
    """Looks a host up, and gives its addresses only if all of them may be reached.

    What is checked is what is connected to: nothing is looked up a second time.
    """

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self.private: frozenset[str] = frozenset()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a host; raises ToolFailed for one that leads where it must not."""
        del family
        found = await self._look_up(host, port)
        for address in found:
            if why := why_not(address, private=host in self.private):
                raise refused_address(host, address, why)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Hold nothing open."""


class _Sent:
    """Whether anything of a request has left."""

    def __init__(self) -> None:
        self.began = self.answered = False
        self.tracing = aiohttp.TraceConfig()
        self.tracing.on_request_headers_sent.append(self._on_sent)

    async def _on_sent(self, *_: Any) -> None:
        self.began = True


async def exchange(request: Request, around: Surroundings) -> Answer:
    """Send a request, follow where it is moved to, and read the answer.

    Raises ToolFailed where nothing was done, OutcomeUnknown where that can't be said.
    """
    sent = _Sent()
    try:
        async with asyncio.timeout(request.timeout):
            return await _exchange(request, around, sent)
    except TimeoutError:
        raise _failure(request, sent, f"no answer within {request.timeout:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ToolFailed):
            raise cause from None
        raise _failure(request, sent, f"{type(error).__name__}: {error}") from None


async def _exchange(request: Request, around: Surroundings, sent: _Sent) -> Answer:
    resolver = CheckedAddresses(around.look_up)
    connector = aiohttp.TCPConnector(
        resolver=resolver, use_dns_cache=False, force_close=True, limit=1
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS),
        trace_configs=[sent.tracing],
        max_line_size=16_000,
        max_field_size=16_000,
    ) as session:
        passed: list[str] = []
        for _ in range(_MOST_HOPS + 1):
            entry = entry_for(request.target, request.method, request.hosts)
            resolver.private = frozenset({request.target.host} if entry.private else ())
            async with _send(session, request) as response:
                sent.answered = True
                if response.status not in _MOVED or "location" not in response.headers:
                    return await _read(response, around, passed)
                passed.append(f"{response.status} moved to {response.headers['location'][:500]}")
                request = _moved(request, response.status, response.headers["location"])
        raise ToolFailed(f"moved more than {_MOST_HOPS} times", "ask the last address itself")


def _send(session: aiohttp.ClientSession, request: Request) -> Any:
    url = URL(request.target.text, encoded=True)
    if (url.scheme, url.raw_host, url.port) != request.target.origin:
        raise ToolFailed(f"{request.target.text} can be read in two ways", "write it plainly")
    headers = {"User-Agent": _WORD, "Accept": "*/*", **request.headers}
    headers["Accept-Encoding"] = "gzip, deflate"
    return session.request(
        request.method, url, headers=headers, data=request.body, allow_redirects=False
    )


def _moved(request: Request, status: int, location: str) -> Request:
    """Give the request for where an answer points to; credentials stay with their origin."""
    target = parse_url(urljoin(request.target.text, location))
    elsewhere = target.origin != request.target.origin
    method, body = request.method, request.body
    if status == 303 or (status in {301, 302} and method == "POST"):
        method, body = ("HEAD" if method == "HEAD" else "GET"), None
    if elsewhere and method not in READING:
        raise ToolFailed(
            f"the {method} was moved to another host: {target.text}",
            "nothing was sent there; ask that address itself",
        )
    headers = request.headers
    if elsewhere:
        headers = {
            name: text
            for name, text in headers.items()
            if name.lower() in _HARMLESS and name not in request.secret_headers
        }
    return request._replace(method=method, target=target, headers=headers, body=body)


async def _read(
    response: aiohttp.ClientResponse, around: Surroundings, passed: list[str]
) -> Answer:
    raw, cut = bytearray(), ""
    try:
        async for chunk in response.content.iter_chunked(65_536):
            raw += chunk
            around.say(f"{len(raw):,} bytes of the answer so far")
            if len(raw) > _MOST_RAW:
                cut = f"more than {_MOST_RAW:,} bytes"
                break
    except (aiohttp.ClientError, OSError) as error:
        cut = f"the connection broke ({type(error).__name__})"
    body, bomb = _plain(bytes(raw), response.headers)
    head = [*passed, f"HTTP {response.status} {response.reason or ''}".rstrip()]
    head += [
        f"{name}: {response.headers[name][:500]}" for name in _SHOWN if name in response.headers
    ]
    missing = "; ".join(part for part in (cut, bomb) if part)
    text = _text(body, response.headers)
    return Answer("\n".join(head), text, len(body), missing, response.status < 400)


def _plain(raw: bytes, headers: Mapping[str, str]) -> tuple[bytes, str]:
    """Unpack a body as far as it may grow."""
    coding = headers.get("content-encoding", "").strip().lower()
    if not raw or coding in {"", "identity"}:
        return raw, ""
    windows = {"gzip": [31], "x-gzip": [31], "deflate": [15, -15]}.get(coding)
    if windows is None:
        return b"", f"the body is packed as {coding[:40]}, which can't be read here"
    for bits in windows:
        unpacking = zlib.decompressobj(bits)
        try:
            body = unpacking.decompress(raw, _MOST_PLAIN)
        except zlib.error:
            continue
        more = bool(unpacking.unconsumed_tail)
        return body, f"it unpacks to more than {_MOST_PLAIN:,} bytes" if more else ""
    return b"", f"the body is not {coding}, though it says so"


def _text(body: bytes, headers: Mapping[str, str]) -> str:
    if b"\0" in body[:8_000]:
        digest = hashlib.sha256(body).hexdigest()
        return f"[binary, {len(body):,} bytes, sha256 {digest}: not shown]"
    kind = headers.get("content-type", "").lower()
    charset = kind.partition("charset=")[2].partition(";")[0].strip(" \"'")
    if not _CHARSET.match(charset):
        charset = ""
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return body.decode(errors="replace")


def _failure(request: Request, sent: _Sent, why: str) -> ToolFailed | OutcomeUnknown:
    what = f"{request.method} {request.target.text}"
    if sent.began and not sent.answered and request.method not in READING:
        return OutcomeUnknown(f"{what} was sent and not answered: {why}")
    return ToolFailed(f"{what} failed: {why}", "look at the address, or try later")
