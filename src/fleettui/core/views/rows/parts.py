"""Rows about the parts of a run."""

from __future__ import annotations

from fleettui.core.model import PartKind, PartStatus
from fleettui.core.views.rows.root import Row


class PartRow(Row, frozen=True):
    """A part of a run: `group` counts tiers and iterations, `text` and `output` are beginnings."""

    id: str
    run: str
    name: str
    kind: PartKind
    group: int
    state: PartStatus
    agent: str
    needs: tuple[str, ...]
    parent: str
    tries: int
    started: float
    finished: float | None
    why: str
    text: str
    output: str
