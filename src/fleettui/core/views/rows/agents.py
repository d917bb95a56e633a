"""Rows about an agent."""

from __future__ import annotations

from typing import Literal

from fleettui.core.model import AgentStatus
from fleettui.core.views.rows.health import HealthRow
from fleettui.core.views.rows.root import Attention, Row


class AgentRow(Row, frozen=True):
    """An agent: `step` says what it is doing, `since` when that began (seconds since 1970).

    `health` is the last look at it, null before the first; `trend` its beats in the last looks.
    """

    id: str
    tenant: str
    fleet: str
    name: str
    entry: str
    type: str
    role: str
    model: str
    weight: float
    status: AgentStatus
    attention: Attention
    step: str
    since: float
    input_tokens: int
    output_tokens: int
    cost: float | None
    model_calls: int
    queued: int
    run: str
    turn: str
    trouble: str
    missing_tools: tuple[str, ...]
    sandbox: Literal["off", "on", "absent"] = "off"
    alerts: int = 0
    health: HealthRow | None = None
    trend: tuple[int, ...] = ()


class CheckpointRow(Row, frozen=True):
    """A point an agent can be taken back to; `entries` and `cost` are what came since."""

    id: str
    fleet: str
    agent: str
    at: float
    why: str
    seq: int
    entries: int
    tokens: int
    cost: float | None


class RollbackPreview(Row, frozen=True):
    """What a rollback will change, and what it can't undo."""

    agent: str
    checkpoint: str
    entries: int
    turn: str
    votes: tuple[str, ...]
    messages: tuple[str, ...]
    approvals: tuple[str, ...]
    cannot_undo: tuple[str, ...]


class LogRow(Row, frozen=True):
    """One line of an agent's log; `text` may have many lines."""

    at: float
    kind: Literal[
        "prompt", "llm", "tool", "out", "ask", "vote", "message", "note", "error", "check"
    ]
    text: str
    turn: str
    agent: str
