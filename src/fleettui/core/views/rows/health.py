"""Rows about the health of agents."""

from __future__ import annotations

from typing import Literal

from fleettui.core.views.rows.root import Row

Condition = Literal["well", "busy", "stalled", "waiting", "resting", "failed"]


class HealthRow(Row, frozen=True):
    """One look at an agent, at `at` (seconds since the epoch).

    `processes` of its programs with `memory` in bytes and `cpu` in cores on average since the look
    before; `response` is how long (seconds) its model took to answer last, null before the first
    answer; `progress` when it last did something, `beats` how often since the look before.
    """

    agent: str
    fleet: str
    at: float
    condition: Condition
    processes: int
    memory: int
    cpu: float
    response: float | None
    progress: float
    beats: int
