"""Splitting: a task that is a list, into its items."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

_BULLET: Final = re.compile(r"^ {0,3}(?:[-*+]|\d{1,5}[.)])\s+(?P<text>\S.*)$")


class Split(NamedTuple):
    """What is to be done, and to what: an empty list where a text is no list."""

    wanted: str
    items: Sequence[str]


def split_task(text: str, rule: str) -> Split:
    """Split a task by `lines`, `paragraphs` or `list`.

    `list` takes a JSON list, or two or more bulleted or numbered lines; what stands before them is
    said with every item. With `lines` and `paragraphs` a first one that ends with a colon is that.
    """
    match rule:
        case "lines":
            return _headed([line.strip() for line in text.splitlines() if line.strip()])
        case "paragraphs":
            return _headed([part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()])
        case _:
            return _listed(text)


def _headed(parts: list[str]) -> Split:
    if len(parts) > 1 and parts[0].endswith(":"):
        return Split(parts[0], parts[1:])
    return Split("", parts)


def _listed(text: str) -> Split:
    begin = text.find("[")
    if begin >= 0 and text.rstrip().endswith("]"):
        try:
            found = json.loads(text[begin:])
        except ValueError:
            found = None
        if isinstance(found, list):
            return Split(text[:begin].strip(), [_text(item) for item in found])
    lines = text.splitlines()
    marked = [place for place, line in enumerate(lines) if _BULLET.match(line)]
    if len(marked) < 2:
        return Split(text, ())
    items: list[str] = []
    for line in lines[marked[0] :]:
        match = _BULLET.match(line)
        if match:
            items.append(match["text"].strip())
        elif line.strip():
            items[-1] = f"{items[-1]}\n{line.rstrip()}"
    return Split("\n".join(lines[: marked[0]]).strip(), items)


def _text(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def item_prompt(wanted: str, item: str, number: int, whole: int) -> str:
    """Say what an agent is to do with one item."""
    head = f"Item {number} of {whole}: {item}"
    return f"{head}\n\n{wanted}" if wanted else head


def sticky_key(item: str, field: str | None) -> str:
    """Give what keeps items together: a field of a JSON item, its `type`, else the item itself."""
    if item[:1] == "{":
        try:
            found = json.loads(item)
        except ValueError:
            found = {}
        value = found.get(field or "type", found.get("type"))
        if value is not None:
            return str(value)
    return item
