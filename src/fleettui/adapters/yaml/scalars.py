"""What an unquoted scalar means, and where YAML 1.1 would read it otherwise than it looks."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

Plain = str | int | float | bool | None

_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_OLD_WORDS: Final = {"yes": True, "on": True, "no": False, "off": False}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_HEXADECIMAL: Final = re.compile(r"[-+]?0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+\Z")
_SPECIAL: Final = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)\Z")
_OCTAL: Final = re.compile(r"[-+]?0o?[0-7]+\Z")
_SEXAGESIMAL: Final = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z")
_UNDERSCORES: Final = re.compile(r"[-+]?[0-9][0-9]*_[0-9_]*(\.[0-9_]*)?\Z")
_BINARY: Final = re.compile(r"[-+]?0b[01_]+\Z")
_DIGITS_LIMIT: Final = 100


class Reading(NamedTuple):
    """The value of a scalar, and in words what is surprising about it."""

    value: Plain
    surprise: str = ""


def read_plain(text: str, field: str = "") -> Reading:
    """Read an unquoted scalar; `field` is the key it is the value of."""
    if text in _WORDS:
        return Reading(_WORDS[text])
    first = text[0]
    if first.isalpha():
        old = _OLD_WORDS.get(text.lower())
        if old is None or text not in {text.lower(), text.title(), text.upper()}:
            return Reading(text)
        word = str(old).lower()
        return Reading(
            old, f"'{text}' is read by YAML 1.1 as {word}; write {word}, or \"{text}\" for text"
        )
    if first in "+-.0123456789":
        return _read_number(text, field)
    return Reading(text)


def _read_number(text: str, field: str) -> Reading:
    if len(text) > _DIGITS_LIMIT:
        return Reading(text)
    if _INTEGER.match(text):
        return Reading(int(text))
    if _SEXAGESIMAL.match(text):
        return _read_sexagesimal(text, field)
    if _HEXADECIMAL.match(text):
        return Reading(int(text, 16))
    if surprise := _read_surprise(text):
        return surprise
    if special := _SPECIAL.match(text):
        return Reading(float(special.group(1) + special.group(2)))
    if _FLOAT.match(text):
        return Reading(float(text))
    return Reading(text)


def _read_surprise(text: str) -> Reading | None:
    """Read what YAML 1.1 takes for a number in a notation that few people know."""
    number: int | float
    if _OCTAL.match(text):
        number = int(text.replace("o", ""), 8)
    elif _BINARY.match(text) and text.strip("+-0b_"):
        number = int(text.replace("_", ""), 2)
    elif _UNDERSCORES.match(text):
        bare = text.replace("_", "")
        number = float(bare) if "." in bare else int(bare)
    elif _LEADING_ZERO.match(text):
        return Reading(
            int(text), f"'{text}' begins with 0; write {int(text)}, or quote it for text"
        )
    else:
        return None
    return Reading(
        number, f"'{text}' is read by YAML 1.1 as {number}; write {number}, or quote it for text"
    )


def _read_sexagesimal(text: str, field: str) -> Reading:
    sign = -1 if text[0] == "-" else 1
    total = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        total = total * 60 + float(part or 0)
    number = sign * (int(total) if total == int(total) else total)
    meant = number * 1000 if field.endswith("_ms") else number
    return Reading(
        meant, f"'{text}' is read by YAML 1.1 as {number}; write {meant}, or quote it for text"
    )
