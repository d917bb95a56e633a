"""Redaction: every way a secret value may stand in a text, and what stands there instead."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

# A value shorter than SHORTEST is a word of every text; one shorter than SAFE is only looked for
# as a whole word, and not in other spellings that short.
SHORTEST: Final = 4
SAFE: Final = 8
# Columns after which base64(1), and PEM and MIME, begin a new line.
_COLUMNS: Final = (76, 64)
_HEX: Final = re.compile(r"%[0-9A-F]{2}")


def placeholder(name: str) -> str:
    """Give what stands where a secret stood."""
    return f"[secret {name}]"


def spellings(value: str) -> tuple[str, ...]:
    """Give a value as programs write it: plain, by lines, quoted, escaped and encoded."""
    if len(value) < SHORTEST:
        return ()
    lines = [line.strip() for line in value.splitlines()] if "\n" in value else []
    long = [line for line in lines if len(line) >= SAFE and not line.startswith("-----")]
    encoded = [text for text in _encoded(value) if len(text) >= SAFE]
    quoted = [text for line in (value, *long) for text in _quoted(line)]
    return tuple(dict.fromkeys((value, *long, *quoted, *encoded)))


def _quoted(value: str) -> Iterator[str]:
    """Give a text as JSON, Python, HTML and addresses write it."""
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield html.escape(value)
    for percent in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield percent
        yield _HEX.sub(lambda found: found[0].lower(), percent)


def _encoded(value: str) -> Iterator[str]:
    """Give the base64 of a value wherever it begins in what was encoded, and its hex."""
    body = value.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(body).decode()
        yield whole
        yield whole.rstrip("=")
        for columns in _COLUMNS:
            for line in (whole, encode(body + b"\n").decode()):
                if len(line) > columns:
                    yield from (line[at : at + columns] for at in range(0, len(line), columns))
        for shift, lead in ((0, 0), (1, 2), (2, 3)):
            text = encode(b"\0" * shift + body).decode()
            uneven = (shift + len(body)) % 3
            yield text.rstrip("=")[lead : -1 if uneven else None]
    yield body.hex()
    yield body.hex().upper()


def without(text: str, values: Mapping[str, str]) -> str:
    """Give a text in which the values of variables stand as `[NAME]`, in whatever spelling."""
    found = [(one, name) for name, value in values.items() for one in spellings(value)]
    for spelling, name in sorted(found, key=lambda pair: -len(pair[0])):
        text = text.replace(spelling, f"[{name}]")
    return text
