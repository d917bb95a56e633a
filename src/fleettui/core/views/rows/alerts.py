"""Rows about alerts."""

from __future__ import annotations

from typing import Literal

from fleettui.core.views.rows.root import Row


class AlertRow(Row, frozen=True):
    """What a monitor (`agent`) sees by one of its rules, since `at`; `subject` is what it is of."""

    fleet: str
    agent: str
    rule: str
    subject: str
    severity: Literal["warning", "critical"]
    text: str
    at: float
