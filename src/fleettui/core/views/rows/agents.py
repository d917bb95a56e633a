"""Rows about an agent."""

from __future__ import annotations

from typing import Literal

from fleettui.core.model import AgentStatus
from fleettui.core.views.rows.health import HealthRow
from fleettui.core.views.rows.root import Attention, Row
from fleettui.core.views.rows.waiting import WaitRow


class AgentRow(Row, frozen=True):
    """An agent: `step` says what it is doing, `since` when that began (seconds since 1970).

    `health` is the last look at it, null before the first; `trend` its beats in the last looks;
    `waits` why its turn has no slot, null when it has one or there is no turn; `released` says
    that its program ended for want of work.
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
    waits: WaitRow | None = None
    released: bool = False


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
    files: int | None = None
    commit: str = ""
    left_out: tuple[str, ...] = ()
    note: str = ""


class FileRow(Row, frozen=True):
    """A file that differs; `added` and `deleted` lines are null where it is binary."""

    path: str
    change: Literal["added", "changed", "deleted", "renamed"]
    added: int | None
    deleted: int | None
    was: str = ""


class WorkspaceRow(Row, frozen=True):
    """Where an agent works; `files` and `unmerged` count what only its worktree has."""

    fleet: str
    agent: str
    kind: Literal["worktree", "shared", "none"]
    path: str
    branch: str
    base: str
    files: int | None
    unmerged: bool | None
    left: bool
    note: str


class DiffRow(Row, frozen=True):
    """What an agent changed in its folder since the commit `since`."""

    fleet: str
    agent: str
    kind: Literal["worktree", "shared", "none"]
    since: str
    files: tuple[FileRow, ...]
    diff: str
    note: str


class RollbackPreview(Row, frozen=True):
    """What a rollback will change, and what it can't undo.

    `files` and `diff` lead from now to the checkpoint; `foreign` are the files that others
    changed in a shared folder; an empty `commit` means that only the transcript can go back.
    """

    agent: str
    checkpoint: str
    entries: int
    turn: str
    votes: tuple[str, ...]
    messages: tuple[str, ...]
    approvals: tuple[str, ...]
    cannot_undo: tuple[str, ...]
    commit: str = ""
    files: tuple[FileRow, ...] = ()
    diff: str = ""
    foreign: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    note: str = ""


class LogRow(Row, frozen=True):
    """One line of an agent's log; `text` may have many lines."""

    at: float
    kind: Literal[
        "prompt", "llm", "tool", "out", "ask", "vote", "message", "note", "error", "check"
    ]
    text: str
    turn: str
    agent: str
