"""`${VAR}` and `${VAR:-default}` in texts of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_OPEN: Final = "${"
_REFERENCE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\Z", re.DOTALL)
# A stored secret by its name; `named` and `reveal` know it as `secret:github-token`.
_STORED: Final = r"secret:[A-Za-z0-9][A-Za-z0-9._-]*"
_PLAIN: Final = re.compile(rf"\$\{{({_STORED}|[A-Za-z_][A-Za-z0-9_]*)(?::-([^}}]*))?\}}")
_FLOW_REFERENCE: Final = re.compile(rf"(?:[A-Za-z_][\w-]*(\.[\w-]+|\[\w+\])+|{_STORED})\Z")
_SECRET: Final = re.compile(
    r"KEYS?(_|$)|TOKEN(_|$)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|(^|_)DSN(_|$)|PRIVATE", re.IGNORECASE
)


class Expansion(NamedTuple):
    """A text with its variables replaced, the names that are not set, and what is malformed."""

    text: str
    undefined: tuple[str, ...] = ()
    malformed: str = ""


def looks_secret(name: str, field: str = "") -> bool:
    """Say whether a variable's name says that its value must not be stored.

    `field` is the field the value is for: an address often carries a password.
    """
    address = field.lower() in {"url", "dsn", "endpoint"} and name.upper().endswith(("URL", "URI"))
    return address or _SECRET.search(name) is not None


def expand(text: str, environment: Mapping[str, str], field: str = "") -> Expansion:
    """Replace the variables of `text`; `$${` stands for `${`.

    What is not set, looks secret, is a stored secret (`${secret:NAME}`), or a reference of a flow
    (`${event.id}`) stays as written.
    """
    out: list[str] = []
    undefined: list[str] = []
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        if start > at and text[start - 1] == "$":
            out.append(text[at : start - 1] + _OPEN)
            at = start + 2
            continue
        end = text.find("}", start)
        if end < 0:
            return Expansion(
                text, malformed="'${' is not closed, write ${NAME} or ${NAME:-default}"
            )
        inside = text[start + 2 : end]
        if _OPEN in inside:
            return Expansion(text, malformed="nested '${' is not allowed, use one variable")
        written = text[start : end + 1]
        match = _REFERENCE.match(inside)
        if match is None and not _FLOW_REFERENCE.match(inside):
            return Expansion(
                text,
                malformed=f"'{written}' is not a variable, write ${{NAME}} or ${{NAME:-default}}",
            )
        out.append(text[at:start])
        out.append(_value(match, written, environment, field, undefined))
        at = end + 1
    return Expansion("".join(out) + text[at:], tuple(undefined))


def reveal(text: str, environment: Mapping[str, str]) -> str:
    """Replace every variable that is set, the secret ones too: for use, never to be stored."""
    return _PLAIN.sub(lambda match: environment.get(match[1]) or match[2] or match[0], text)


def named(text: str) -> tuple[str, ...]:
    """Name the variables of a text."""
    return tuple(found[1] for found in _PLAIN.finditer(text))


def references(text: str) -> tuple[str, ...]:
    """Name the variables that `reveal` can't do without: those that have no default."""
    return tuple(found[1] for found in _PLAIN.finditer(text) if found[2] is None)


def _value(
    match: re.Match[str] | None,
    written: str,
    environment: Mapping[str, str],
    field: str,
    undefined: list[str],
) -> str:
    if match is None:
        return written
    name, default = match.group(1), match.group(2)
    known = environment.get(name) or default
    if known is None and name in environment:
        known = ""
    if known is None:
        undefined.append(name)
        return written
    return written if looks_secret(name, field) else known
