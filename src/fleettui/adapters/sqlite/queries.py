"""The SQL of this folder, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def load_queries(file: str = "queries.sql") -> dict[str, str]:
    """Give the text of each query of a file by its name; a query begins at `-- name: its_name`."""
    found: dict[str, str] = {}
    for part in _text(file).split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        found[name.strip()] = body.strip().rstrip(";")
    return found


def schema() -> str:
    """Give the statements that make a new store."""
    return _text("schema.sql")


def _text(file: str) -> str:
    return (files(__package__) / file).read_text(encoding="utf-8")
