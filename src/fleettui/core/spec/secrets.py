"""Secrets that somebody wrote into a file instead of into the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.spec.problem import Fault, Loc

# How the tokens of well-known services begin.
_SHAPES: Final = re.compile(
    r"\b(xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{10,}|sk-(ant-|proj-)?[\w-]{16,}|gh[pousr]_\w{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|\d{8,10}:AA[\w-]{30,}"
    r"|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]+|hvs\.[\w-]{20,}|npm_\w{30,}|dop_v1_\w{40,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_URL_PASSWORD: Final = re.compile(
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^/\s:@${]{0,80}:[^/\s@${]{1,120}@", re.IGNORECASE
)
_URL_PARAMETER: Final = re.compile(r"[?&]\w*(pass|secret|token)\w*=(?!\$\{)[^&\s]+", re.IGNORECASE)
_SEARCHED: Final = 65_536  # characters of a text: a secret stands alone, or near the top
_FIELDS: Final = re.compile(
    r"(^|_)(token|secret|password|passwd|api_?key|private_key|access_key|credentials?)\Z",
    re.IGNORECASE,
)


def secret_faults(data: Any, prefix: str = "", loc: Loc = ()) -> Iterator[Fault]:
    """Find values that are secrets; `prefix` begins the variable name that is proposed."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from secret_faults(value, prefix, (*loc, name))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from secret_faults(value, prefix, (*loc, at))
    elif isinstance(data, str) and "${" not in data and _is_secret(data, loc):
        yield Fault(
            loc, f"a secret is written in the file; use ${{{_variable(loc, prefix)}}}", "warning"
        )


def has_password(url: str) -> bool:
    """Say whether a password is written in an address, before the host or as a parameter."""
    return bool(_URL_PASSWORD.search(url) or _URL_PARAMETER.search(url))


def _is_secret(text: str, loc: Loc) -> bool:
    head = text[:_SEARCHED]
    if _SHAPES.search(head) or _URL_PASSWORD.search(head):
        return True
    field = loc[-1] if loc else ""
    return (
        isinstance(field, str)
        and bool(_FIELDS.search(field))
        and len(text) >= 8
        and " " not in text
    )


def _variable(loc: Loc, prefix: str) -> str:
    field = next((part for part in reversed(loc) if isinstance(part, str)), "secret")
    name = re.sub(r"[^A-Za-z0-9]+", "_", field).strip("_").upper() or "SECRET"
    begin = f"{prefix.upper()}_" if prefix and not name.startswith(prefix.upper()) else ""
    return begin + name
