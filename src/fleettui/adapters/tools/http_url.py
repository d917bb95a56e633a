"""An address of the web taken apart the strict way, and held against what the file allows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from fleettui.adapters.tools.addresses import why_not
from fleettui.core.errors import ToolFailed
from fleettui.core.spec.hosts import (
    USUAL_PORTS,
    AllowedHost,
    UnreadableHost,
    canonical_host,
    is_address,
    read_allowed,
)

_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?\Z")
_LONGEST: Final = 8_000
_KEPT: Final = "/%:@!$&'()*+,;=~-._"


class Target(NamedTuple):
    """Where a request goes; `text` is the address as it is sent, all of it ASCII."""

    scheme: str
    host: str
    port: int
    text: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What may share credentials."""
        return self.scheme, self.host, self.port


def parse_url(url: str) -> Target:
    """Take an address apart; raises ToolFailed for what two readers could read differently."""
    found = _URL.match(url)
    if found is None or len(url) > _LONGEST:
        raise ToolFailed(f"{url[:200]!r} is no address", "give http://host/path or https://...")
    scheme, authority = found[1].lower(), found[2]
    if scheme not in USUAL_PORTS:
        raise ToolFailed(f"scheme {scheme}: is not allowed", "use https or http")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise ToolFailed("the address has a blank, a control character or a backslash", "encode it")
    if "@" in authority:
        raise ToolFailed("the address has a user name or password", "send them as a header")
    host, port = _split(authority, scheme)
    try:
        name = canonical_host(host)
    except UnreadableHost as error:
        raise ToolFailed(str(error), "use the host's plain name") from None
    shown = f"[{name}]" if ":" in name else name
    place = shown if port == USUAL_PORTS[scheme] else f"{shown}:{port}"
    path, query = quote(found[3] or "/", safe=_KEPT), quote(found[4] or "", safe=_KEPT + "?")
    return Target(scheme, name, port, f"{scheme}://{place}{path}{query}")


def allowed_hosts(config: Mapping[str, Any]) -> tuple[AllowedHost, ...]:
    """Read the hosts of a tool's settings; the file was checked when it was loaded."""
    try:
        return tuple(read_allowed(entry) for entry in config.get("allowed_hosts", ()))
    except UnreadableHost as error:
        raise ToolFailed(f"tool_config.http_request.allowed_hosts: {error}", "mend it") from None


def entry_for(target: Target, method: str, hosts: Iterable[AllowedHost]) -> AllowedHost:
    """Give the entry that lets a request through; raises ToolFailed with what the file lacks."""
    there = list(hosts)
    fitting = [one for one in there if one.fits(target.host, target.port)]
    if not fitting:
        names = ", ".join(one.name for one in there) or "none"
        raise ToolFailed(
            f"host {target.host} (port {target.port}) is not allowed; allowed: {names}",
            "a person adds it to tool_config.http_request.allowed_hosts of this agent's file",
        )
    for entry in fitting:
        if not entry.methods or method in entry.methods:
            check_address(target.host, entry)
            return entry
    allowed = ", ".join(dict.fromkeys(name for one in fitting for name in one.methods))
    raise ToolFailed(f"{method} is not allowed for {target.host}, only {allowed}", "use those")


def check_address(host: str, entry: AllowedHost) -> None:
    """Refuse a host that is itself an address which the entry does not let through."""
    if is_address(host) and (why := why_not(host, private=entry.private, named=True)):
        raise refused_address(host, host, why)


def refused_address(host: str, address: str, why: str) -> ToolFailed:
    """Say that a host leads where it must not."""
    leads = f"{host} is" if host == address else f"{host} leads to {address}, which is"
    return ToolFailed(
        f"{leads} {why}: not reached",
        "only public addresses are, unless the file has the very host with allow_private: true",
    )


def _split(authority: str, scheme: str) -> tuple[str, int]:
    host, mark, port = authority.rpartition(":")
    if not mark or port.endswith("]"):
        host, port = authority, ""
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ToolFailed(f"{authority[:80]!r} is no host", "write an IPv6 address in [brackets]")
    if not host:
        raise ToolFailed("the address has no host", "give http://host/path or https://...")
    if not port:
        return host, USUAL_PORTS[scheme]
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ToolFailed(f"port {port!r} is no port", "give a number from 1 to 65535")
    return host, int(port)
