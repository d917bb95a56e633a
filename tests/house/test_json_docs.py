"""docs/json.md names every key of every row, and no other row."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from fleettui.core.views import rows

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
ROWS = [
    row
    for row in vars(rows).values()
    if isinstance(row, type) and issubclass(row, rows.Row) and row is not rows.Row
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_every_row_and_key_is_documented(row: type[rows.Row]) -> None:
    part = re.search(rf"^## {row.__name__}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert part is not None, f"{row.__name__} is not in docs/json.md"
    told = re.findall(r"^\| `(\w+)`", part[1], re.MULTILINE)
    assert told == [field.name for field in msgspec.structs.fields(row)]
