"""Rows about the shared memory of a fleet."""

from __future__ import annotations

from fleettui.core.views.rows.root import Row


class MemoryRow(Row, frozen=True):
    """An entry: `value` is its beginning, `size` its bytes; null `expires_at` is never."""

    key: str
    fleet: str
    value: str
    size: int
    agent: str
    at: float
    expires_at: float | None
