"""Rows about alerts."""

from __future__ import annotations

from typing import Literal

from fleettui.core.views.rows.root import Row


class AlertRow(Row, frozen=True):
    """What stands against `subject` since `at`, by a rule of `agent`: a monitor, or itself."""

    fleet: str
    agent: str
    rule: str
    subject: str
    severity: Literal["warning", "critical"]
    text: str
    at: float
