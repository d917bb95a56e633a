"""The named queries of queries.sql."""

from __future__ import annotations

from importlib.resources import files


def load_queries() -> dict[str, str]:
    """Give each query's text by its name."""
    text = (files(__package__) / "queries.sql").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for part in text.split("-- name: ")[1:]:
        name, _, body = part.partition("\n")
        found[name.strip()] = body.strip().rstrip(";")
    return found


def schema() -> str:
    """Give the statements that make a new store."""
    return (files(__package__) / "schema.sql").read_text(encoding="utf-8")
