"""The SQL of this folder, by file and name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_queries(file: str) -> dict[str, str]:
    """Give the text of each query of a file by its name; a query begins at `-- name: its_name`."""
    text = (files(__package__) / file).read_text(encoding="utf-8")
    parts = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): body.strip() for name, _, body in parts}
