"""docs/json.md names every key of every row with its shape, and no row that there is not."""

from __future__ import annotations

import re
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from fleettui.core.events import Recorded
from fleettui.core.model import Finding
from fleettui.core.views import rows

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
ROWS: list[type[msgspec.Struct]] = [
    row
    for row in vars(rows).values()
    if isinstance(row, type) and issubclass(row, rows.Row) and row is not rows.Row
]
WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", object: "any value"}


def shape(hint: Any) -> str:
    """Say in the page's words what a type looks like as JSON."""
    if word := WORDS.get(hint):
        return word
    parts = [part for part in get_args(hint) if part not in {NoneType, Ellipsis}]
    origin = get_origin(hint)
    if origin is Literal:
        return " ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {shape(parts[0])}"
    if origin is dict:
        return f"object of {shape(parts[1])} by {shape(parts[0])}"
    if NoneType in get_args(hint):
        return " or ".join([*map(shape, parts), "null"])
    return str(getattr(hint, "__name__", hint))


def told(name: str) -> list[tuple[str, str]]:
    part = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert part is not None, f"{name} is not in docs/json.md"
    return re.findall(r"^\| `(\w+)` \| (.*?) \|$", part[1], re.MULTILINE)


@pytest.mark.parametrize("row", [*ROWS, Finding], ids=lambda row: row.__name__)
def test_every_row_and_key_is_documented_with_its_shape(row: type[msgspec.Struct]) -> None:
    hints = get_type_hints(row)
    keys = [field.encode_name for field in msgspec.structs.fields(row)]
    assert told(row.__name__) == [(key, shape(hints[key])) for key in keys]


def test_no_row_is_documented_that_there_is_not() -> None:
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == {
        row.__name__ for row in [*ROWS, Finding]
    }


def test_a_line_of_events_has_the_documented_keys() -> None:
    line = re.search(r"\| `events` \| .*`\{(.*?)\}`", PAGE)
    assert line is not None
    assert line[1].split(", ") == [field.name for field in msgspec.structs.fields(Recorded)]
