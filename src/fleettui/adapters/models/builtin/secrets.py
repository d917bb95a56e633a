"""Finds secrets that have no known shape: a password or key assigned as plain text."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

_NAME: Final = (
    r"(?i:[\w.-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|apikey|access[_-]?key"
    r"|private[_-]?key|client[_-]?secret|auth[_-]?key|encryption[_-]?key|signing[_-]?key))"
)
_QUOTED: Final = re.compile(
    rf"(?<![\w$])({_NAME})[\"']?\]?\s*(?::\s*\w+\s*)?(?:=>|:=|=|:)\s*[\"']([^\"'\s]{{6,200}})[\"']"
)
_PLAIN: Final = re.compile(
    rf"^\s*(?:-\s+|export\s+|ENV\s+|ARG\s+)?({_NAME})\s*[:=]\s*([^\s\"'#]{{6,200}})\s*(?:#.*)?$"
)
_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://([^/\s:@\"']+):([^/\s:@\"']{3,})@[\w.-]")
_PLACEHOLDER: Final = re.compile(
    r"(?i:change|example|placeholder|your|xxx|dummy|fake|sample|redacted|todo|insert|replace|test"
    r"|none|null|true|false|undefined|secret$|^password\d*$|^pass$|^token$|^key$|env|not[-_]?set|\*\*\*|\.\.\.)"
    r"|[<{$%(\[]"
)
_SETTINGS: Final = frozenset(
    {"yml", "yaml", "env", "ini", "cfg", "conf", "properties", "toml", "dockerfile", "sh"}
)
_LEAST_BITS: Final = 2.8  # bits a character; words have about 2.5 at this length, keys above 3


def assigned_secret(text: str, kind: str) -> str:
    """Say what the line gives away in plain text, empty when it gives nothing away."""
    if (address := _ADDRESS.search(text)) and not _harmless(address[2]):
        return "a password is in an address: read it from the environment"
    found = _QUOTED.search(text)
    if found is None and kind in _SETTINGS:
        found = _PLAIN.match(text)
    if found is None or _harmless(found[2]) or not _telling(found[1].lower(), found[2]):
        return ""
    return f"{found[1]} is in the code as plain text: read it from the environment"


def entropy(text: str) -> float:
    """Give the bits a character carries in this text."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _telling(name: str, value: str) -> bool:
    """Say whether a value is a secret for a name: a password always, a key if it looks random."""
    if re.fullmatch(r"[a-z]+([._-][a-z]+)*|[A-Z]+(_[A-Z]+)*", value):
        return "passw" in name and "_" not in value and "." not in value and "-" not in value
    if "passw" in name or "pwd" in name:
        return True
    mixed = bool(re.search(r"\d", value)) and bool(re.search(r"[A-Za-z]", value))
    return len(value) >= 12 and mixed and entropy(value) >= _LEAST_BITS and "/" not in value[:1]


def _harmless(value: str) -> bool:
    return bool(_PLACEHOLDER.search(value)) or len(set(value)) < 4
