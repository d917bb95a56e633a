"""Rows about runs."""

from __future__ import annotations

from typing import Literal

import msgspec

from fleettui.core.model import Finding, RunStatus
from fleettui.core.views.rows.ballots import VerdictRow, VoteRow
from fleettui.core.views.rows.fleets import UsageRow
from fleettui.core.views.rows.inbox import PendingRow
from fleettui.core.views.rows.parts import PartRow
from fleettui.core.views.rows.root import Row


class TurnRow(Row, frozen=True):
    """One turn of a run; `finished` is None while it goes on."""

    id: str
    agent: str
    instance: str
    state: Literal["open", "retrying", "finished", "failed", "cancelled"]
    output: str
    model_calls: int
    started: float
    finished: float | None
    reason: str


class RunRow(Row, frozen=True):
    """A run; `parts` are those worth a look of the newest run, `counts` of all by state."""

    id: str
    fleet: str
    tenant: str
    mode: str
    task: str
    state: RunStatus
    started: float
    finished: float | None
    verdict: VerdictRow | None
    turns: tuple[TurnRow, ...]
    findings: int
    report: str
    reason: str
    pending: int
    by: str
    held_by: str = ""
    parts: tuple[PartRow, ...] = ()
    counts: dict[str, int] = msgspec.field(default_factory=dict)


class FindingRow(Row, frozen=True):
    """A finding with who found it."""

    agent: str
    finding: Finding


class RunReport(Row, frozen=True):
    """The whole of a run, as `fleettui run --json` prints it."""

    run: str
    fleet: str
    mode: str
    state: RunStatus
    verdict: VerdictRow | None
    votes: tuple[VoteRow, ...]
    turns: tuple[TurnRow, ...]
    output: str
    report: str
    pending: tuple[PendingRow, ...]
    usage: UsageRow
    findings: tuple[FindingRow, ...]
    reason: str
