"""The rows a face shows; their JSON is documented in docs/json.md and stable."""

from __future__ import annotations

from typing import Literal

import msgspec

from fleettui.core.model import (
    ActionStatus,
    AgentStatus,
    Finding,
    MessageStatus,
    Priority,
    Risk,
    RunStatus,
)

# What draws the eye, in the order a screen sorts by.
Attention = Literal["need", "fail", "stale", "pause", "run", "idle", "done"]
ATTENTION: tuple[Attention, ...] = ("need", "fail", "stale", "pause", "run", "idle", "done")


class Row(msgspec.Struct, frozen=True):
    """The root of every row: plain values only, text not yet sanitised."""


class TenantRow(Row, frozen=True):
    """A tenant and what it has."""

    name: str
    fleets: int
    agents: int
    needs: int
    cost: float | None
    tokens: int


class FleetRow(Row, frozen=True):
    """An open fleet."""

    id: str
    tenant: str
    name: str
    file: str
    workspace: str
    mode: str
    state: Literal["open", "stopped"]
    agents: int
    needs: int
    running: str
    warnings: tuple[str, ...]


class AgentRow(Row, frozen=True):
    """An agent: `step` says what it is doing, `since` when that began (seconds since 1970)."""

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


class ShownAction(Row, frozen=True):
    """An action as a person must see it before answering."""

    tool: str
    argv: tuple[str, ...]
    cwd: str
    digest: str
    program: str = ""
    env: tuple[str, ...] = ()
    preview: str = ""
    arguments: dict[str, object] = {}
    risks: tuple[Risk, ...] = ()


class InboxRow(Row, frozen=True):
    """Something that waits for a person.

    `kind`: action (answer with approve or deny), unknown (an action caught by a crash: approve
    runs it again, deny leaves it), ballot (agents did not decide: choose one of `options`).
    `needs` is how many more persons must approve; `expires_at` of None means never.
    """

    id: str
    kind: Literal["action", "unknown", "ballot"]
    tenant: str
    fleet: str
    agent: str
    run: str
    summary: str
    action: ShownAction | None
    asked_at: float
    expires_at: float | None
    rule: str
    needs: int
    version: int
    nonce: str
    why: str
    always: str
    approved_by: tuple[str, ...]
    options: tuple[str, ...]
    destructive: bool


class ActionRow(Row, frozen=True):
    """One action of the ledger."""

    id: str
    fleet: str
    agent: str
    tool: str
    summary: str
    status: ActionStatus
    at: float
    digest: str
    by: tuple[str, ...]
    reason: str
    exit_code: int | None


class VoteRow(Row, frozen=True):
    """One voter's answer, or its absence."""

    agent: str
    verdict: str
    confidence: float | None
    weight: float
    reason: str
    state: Literal["cast", "abstained", "failed", "late", "open"]


class VerdictRow(Row, frozen=True):
    """The outcome of a ballot."""

    verdict: str
    confidence: float
    reached: bool
    reason: str


class BallotRow(Row, frozen=True):
    """A ballot among agents; `shares` gives each option its share of the whole weight (0 to 1)."""

    id: str
    fleet: str
    run: str
    question: str
    algorithm: str
    need: float
    options: tuple[str, ...]
    shares: dict[str, float]
    votes: tuple[VoteRow, ...]
    state: Literal["open", "closed", "overridden"]
    ends_at: float
    verdict: VerdictRow | None
    dissent: tuple[str, ...]


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
    """A run in one line."""

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


class MessageRow(Row, frozen=True):
    """A message in a queue."""

    id: str
    fleet: str
    priority: Priority
    sender: str
    to: str
    status: MessageStatus
    at: float
    tries: int
    text: str
    why: str


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


class RuleRow(Row, frozen=True):
    """An "always" rule in force."""

    id: str
    fleet: str
    pattern: str
    agent: str
    by: str
    at: float


class UsageRow(Row, frozen=True):
    """Tokens and cost (US dollars, None where unknown) of a run or a fleet."""

    input_tokens: int
    output_tokens: int
    cost: float | None


class FindingRow(Row, frozen=True):
    """A finding with who found it."""

    agent: str
    finding: Finding


class PendingRow(Row, frozen=True):
    """What still waits for a person after a run."""

    id: str
    kind: str
    action: ShownAction | None


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


class Board(Row, frozen=True):
    """Everything the cockpit shows of a host, as of one moment, in display order.

    `seq` changes whenever anything changed. `fleet` is the fleet shown in detail; agents, runs,
    ballots and messages are of that fleet, inbox and tenants of the whole host.
    """

    fleet: str
    seq: int
    now: float
    fleets: tuple[FleetRow, ...]
    tenants: tuple[TenantRow, ...]
    agents: tuple[AgentRow, ...]
    runs: tuple[RunRow, ...]
    messages: tuple[MessageRow, ...]
    ballots: tuple[BallotRow, ...]
    inbox: tuple[InboxRow, ...]
    usage: UsageRow
    default_task: str
    store: str
