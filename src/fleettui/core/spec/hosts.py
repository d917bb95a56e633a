"""The hosts an agent may reach: names written one way, and what the file lets through."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
USUAL_PORTS: Final = {"http": 80, "https": 443}
_FIELDS: Final = ("host", "ports", "methods", "allow_private", "secrets")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST: Final = 253


class UnreadableHost(ValueError):
    """A host or an entry that can't be meant; the text says why."""


class AllowedHost(NamedTuple):
    """An entry of `allowed_hosts`.

    `name` is a canonical host or `*.` before one; without `ports` those of http and https are
    meant, without `methods` all. `private` lets addresses through that are not public, `secrets`
    names variables that may be sent there without asking.
    """

    name: str
    ports: tuple[int, ...] = ()
    methods: tuple[str, ...] = ()
    private: bool = False
    secrets: tuple[str, ...] = ()

    def fits(self, host: str, port: int) -> bool:
        """Say whether a canonical host and a port are meant."""
        named = host == self.name
        if self.name.startswith("*.") and not is_address(host):
            named = host.endswith(self.name[1:]) and len(host) > len(self.name) - 1
        return named and port in (self.ports or USUAL_PORTS.values())


def canonical_host(text: str) -> str:
    """Give a host the one way it is compared in; raises UnreadableHost.

    Lower case, no dot at the end, other alphabets in their ASCII form, addresses in full decimal
    or compressed hexadecimal.
    """
    if text.startswith("[") or ":" in text:
        return _address(text)
    try:
        name = text.encode("idna").decode() if not text.isascii() else text
    except UnicodeError:
        raise UnreadableHost(f"'{text}' is no host name") from None
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _dotted(name)
    if len(name) > _LONGEST or not all(map(_LABEL.fullmatch, labels)):
        raise UnreadableHost(f"'{text}' is no host name")
    return name


def is_address(host: str) -> bool:
    """Say whether a canonical host is an address."""
    return ":" in host or bool(_NUMBER.fullmatch(host.rpartition(".")[2]))


def read_allowed(entry: Any) -> AllowedHost:
    """Read an entry of `allowed_hosts`, a text or a mapping; raises UnreadableHost."""
    if isinstance(entry, str):
        return _text(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("host"), str):
        raise UnreadableHost("expected a host such as api.example.org, or a mapping with 'host'")
    for field in entry:
        if field not in _FIELDS:
            near = closest(str(field), _FIELDS)
            guess = f"did you mean '{near}'" if near else f"known are {', '.join(_FIELDS)}"
            raise UnreadableHost(f"unknown field '{field}', {guess}")
    host = _text(entry["host"])
    private = entry.get("allow_private", False)
    if not isinstance(private, bool):
        raise UnreadableHost("allow_private must be true or false")
    if private and host.name.startswith("*."):
        raise UnreadableHost("allow_private needs the very host, without *")
    return host._replace(
        ports=_ports(entry.get("ports", host.ports)),
        methods=_methods(entry.get("methods", ())),
        private=private,
        secrets=_names(entry.get("secrets", ())),
    )


def host_faults(value: Any, loc: Loc) -> Iterator[Fault]:
    """Check `allowed_hosts` as written."""
    if not isinstance(value, list):
        yield Fault(loc, "expected a list of hosts")
        return
    for at, entry in enumerate(value):
        try:
            read_allowed(entry)
        except UnreadableHost as error:
            yield Fault((*loc, at), str(error))


def _text(text: str) -> AllowedHost:
    """Read `host`, `*.host` or `host:port`."""
    if "/" in text or "@" in text:
        raise UnreadableHost(f"'{text}' is an address of a page, write the host alone")
    name, mark, port = text.rpartition(":")
    ports: tuple[int, ...] = ()
    if mark and ((text.startswith("[") and name.endswith("]")) or ":" not in name):
        text, ports = name, _ports([int(port)] if port.isdecimal() else [port])
    if not text.startswith("*"):
        return AllowedHost(canonical_host(text), ports)
    if not text.startswith("*.") or "*" in text[1:] or "." not in text[2:]:
        raise UnreadableHost(f"'{text}': a star stands for whole parts before a domain, *.x.org")
    rest = canonical_host(text[2:])
    if is_address(rest):
        raise UnreadableHost(f"'{text}': no star before an address")
    return AllowedHost(f"*.{rest}", ports)


def _address(text: str) -> str:
    inside = text.removeprefix("[").removesuffix("]")
    try:
        found = ipaddress.IPv6Address(inside)
    except ValueError:
        raise UnreadableHost(f"'{text}' is no host and no IPv6 address") from None
    if found.scope_id is not None:
        raise UnreadableHost(f"'{text}' names a network interface (%)")
    return found.compressed


def _dotted(name: str) -> str:
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        raise UnreadableHost(
            f"'{name}' is an IPv4 address in disguise, write four decimal numbers"
        ) from None


def _ports(value: Any) -> tuple[int, ...]:
    numbers = value if isinstance(value, (list, tuple)) else [value]
    for port in numbers:
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65_536:
            raise UnreadableHost(f"'{port}' is no port, write a number from 1 to 65535")
    return tuple(numbers)


def _methods(value: Any) -> tuple[str, ...]:
    for method in value if isinstance(value, (list, tuple)) else [value]:
        if method not in METHODS:
            raise UnreadableHost(f"'{method}' is no method, known are {', '.join(METHODS)}")
    return tuple(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise UnreadableHost("secrets is a list of variables of the agent's environment")
    return tuple(value)
