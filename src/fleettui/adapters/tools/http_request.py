"""The tool that asks a host of the web, one that the agent's file names."""

from __future__ import annotations

import asyncio
import re
from importlib import import_module
from typing import Any, Final, NamedTuple

from fleettui.adapters.tools.bounds import MOST
from fleettui.adapters.tools.http_url import Target, allowed_hosts, entry_for, parse_url
from fleettui.adapters.tools.secrecy import holds_secret, keyed_hash, plain_text
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Risk, ToolResult, Workplace
from fleettui.core.redaction import without
from fleettui.core.spec.hosts import METHODS, AllowedHost

READING: Final = frozenset({"GET", "HEAD"})
_SECONDS: Final = 30.0
_LARGEST_BODY: Final = 1_000_000
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What frames a request, or sends it elsewhere, is ours to set.
_OURS: Final = re.compile(
    r"host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect"
    r"|accept-encoding|proxy-.*|forwarded|via",
    re.IGNORECASE,
)

HTTP_REQUEST = spec(
    "http_request",
    "Ask a host of the web that your file allows. Reading (GET, HEAD) runs at once, other methods "
    "may wait for a person. Headers may hold ${NAME} for a variable of your environment.",
    ("method", "url"),
    method={"type": "string", "enum": list(METHODS)},
    url={"type": "string", "minLength": 1, "description": "http:// or https://, whole."},
    headers={"type": "object", "description": "Texts by name."},
    body={"type": "string", "description": "What is sent; say its content-type in headers."},
    timeout={"type": "number", "minimum": 1, "maximum": 300, "description": "Seconds; 30."},
)


class Request(NamedTuple):
    """A request ready to be sent; `secret_headers` name those that must not go elsewhere."""

    method: str
    target: Target
    headers: dict[str, str]
    secret_headers: frozenset[str]
    body: bytes | None
    timeout: float
    hosts: tuple[AllowedHost, ...]


async def _freeze(arguments: Arguments, place: Workplace, around: Surroundings) -> Facts:
    method = arguments["method"]
    target = parse_url(arguments["url"])
    entry = entry_for(target, method, _hosts(place))
    headers = _headers(arguments.get("headers", {}))
    names = _references(headers, place)
    if names and target.scheme != "https" and not entry.private:
        raise ToolFailed("a secret is sent over https only", "use https://")
    if len(arguments.get("body", "").encode(errors="surrogatepass")) > _LARGEST_BODY:
        raise ToolFailed(f"the body is larger than {_LARGEST_BODY:,} bytes", "send less")
    if method in READING and "body" in arguments:
        raise ToolFailed(f"{method} has no body", "leave it out, or use another method")
    kind: Risk = "read" if method in READING else "write"
    secret: tuple[Risk, ...] = () if set(names) <= set(entry.secrets) else ("secret",)
    return Facts(
        "http_request",
        {**arguments, "url": target.text, **({"headers": headers} if headers else {})},
        env={name: keyed_hash(name, place.environment[name], around.key) for name in names},
        risks=(kind, "network", *secret),
        summary=f"{method} {target.text}",
    )


async def _ask(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    given, hosts = facts.arguments, _hosts(place)
    target = parse_url(given["url"])
    entry_for(target, given["method"], hosts)
    written: dict[str, str] = given.get("headers", {})
    names = _references(written, place)
    if {name: keyed_hash(name, place.environment[name], around.key) for name in names} != facts.env:
        return ToolResult("not sent: the environment changed since it was approved", ok=False)
    request = Request(
        given["method"],
        target,
        {name: _revealed(text, place) for name, text in written.items()},
        frozenset(name for name, text in written.items() if _REFERENCE.search(text)),
        given["body"].encode(errors="replace") if "body" in given else None,
        float(given.get("timeout", _SECONDS)),
        hosts,
    )
    # aiohttp takes 0.1 s to import, and most agents never need it.
    exchange: Any = await asyncio.to_thread(import_module, "fleettui.adapters.tools.http_exchange")
    answer = await exchange.exchange(request, around)
    secret = {
        name: value
        for name, value in place.environment.items()
        if name in names or holds_secret(name, value)
    }
    return _told(answer, secret)


def _told(answer: Any, secret: dict[str, str]) -> ToolResult:
    head, body = (
        plain_text(without(text, secret)) for text in (answer.head, answer.body)
    )  # fmt: skip
    missing, size = [answer.missing] if answer.missing else [], 0
    if len(body) > MOST:
        missing.append(f"only the first {MOST:,} characters of {answer.size:,} bytes are here")
        body, size = body[:MOST], answer.size
    notice = [f"[cut: {'; '.join(missing)}]"] if missing else []
    return ToolResult("\n".join([head, "", body, *notice]).rstrip(), answer.ok, size=size)


def _hosts(place: Workplace) -> tuple[AllowedHost, ...]:
    config = place.tool_config.get("http_request")
    config = config if isinstance(config, dict) else {}
    methods = tuple(config.get("allowed_methods", ()))
    return tuple(host._replace(methods=host.methods or methods) for host in allowed_hosts(config))


def _headers(given: dict[str, Any]) -> dict[str, str]:
    for name, value in given.items():
        if not _TOKEN.fullmatch(name) or _OURS.fullmatch(name):
            raise ToolFailed(f"header {name[:100]!r} can't be set", "leave it out")
        if not isinstance(value, str) or not value.isprintable() or not value.isascii():
            raise ToolFailed(f"header {name} must be one line of ASCII text", "encode its value")
    if len({name.lower() for name in given}) != len(given):
        raise ToolFailed("a header is given twice", "give each once")
    if sum(len(name) + len(value) for name, value in given.items()) > 16_000:
        raise ToolFailed("the headers are longer than 16,000 characters", "send less")
    return dict(given)


def _references(headers: dict[str, str], place: Workplace) -> tuple[str, ...]:
    """Name the variables that headers use; raises ToolFailed for one the agent does not have."""
    names = sorted({name for text in headers.values() for name in _REFERENCE.findall(text)})
    for name in names:
        value = place.environment.get(name, "")
        if not value or "${" in value:
            known = ", ".join(sorted(place.environment)) or "none"
            raise ToolFailed(f"variable {name} is not set for this agent", f"it has: {known}")
        if not value.isprintable() or not value.isascii():
            raise ToolFailed(f"variable {name} can't stand in a header", "it needs one ASCII line")
    return tuple(names)


def _revealed(text: str, place: Workplace) -> str:
    return _REFERENCE.sub(lambda found: place.environment[found[1]], text)


TOOLS = (Tool(HTTP_REQUEST, _freeze, _ask),)
