"""Snapshots: a folded state as JSON and back; another shape of the state makes them worthless."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from fleettui.core.grounds import Ground, LeftOut, Merge
from fleettui.core.model import AgentStatus
from fleettui.core.queue import Mailbox
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.state.fleet import (
    ActionState,
    AgentState,
    AlertState,
    AlwaysRule,
    BallotState,
    Bill,
    CheckpointState,
    Entry,
    FilesState,
    FleetState,
    LogLine,
    MessageState,
    PartState,
    RollingState,
    RunState,
    SeenState,
    TurnState,
)
from fleettui.core.supervision import Crashes


class SavedCheckpoint(msgspec.Struct, array_like=True):
    """A checkpoint; `line` is the number of the transcript it stands in."""

    id: str
    agent: str
    at: float
    why: str
    seq: int
    line: int
    length: int
    tokens: int
    cost: float
    commit: str
    left_out: tuple[LeftOut, ...]
    note: str
    session: str
    pending: bool
    action: str


class SavedAgent(msgspec.Struct, array_like=True):
    """An agent; `line` is the number of its transcript."""

    id: str
    entry: str
    number: int
    status: AgentStatus
    since: float
    why: str
    line: int
    log: list[LogLine]
    checkpoints: list[SavedCheckpoint]
    turns: list[str]
    trouble: str
    bill: Bill
    crashes: Crashes
    session: str
    files: FilesState
    released: bool


class SavedFleet(msgspec.Struct):
    """A state whole; transcripts are kept once each, as agents and checkpoints share them."""

    shape: str
    head: dict[str, Any]
    spec: dict[str, Any]
    lines: list[list[Entry]]
    agents: list[SavedAgent]
    runs: dict[str, RunState]
    turns: dict[str, TurnState]
    ballots: dict[str, BallotState]
    actions: dict[str, ActionState]
    messages: dict[str, MessageState]
    dropped: dict[str, MessageState]
    subscriptions: dict[str, tuple[str, ...]]
    rules: dict[str, AlwaysRule]
    open_actions: set[str]
    sent_keys: set[str]
    log: list[LogLine]
    forgetting: dict[str, str]
    alerts: dict[str, AlertState]
    recoveries: dict[str, list[float]]
    ground: Ground | None
    keeping: dict[str, str]
    left: dict[str, Ground]
    doomed: dict[str, Ground]
    days: dict[int, Bill]


_PARTS = (
    AgentState, CheckpointState, Entry, LogLine, Bill, RunState, PartState, TurnState, BallotState,
    ActionState, MessageState, AlwaysRule, AlertState, Crashes, FleetState, FilesState,
    RollingState,
    SeenState, Ground, LeftOut, Merge,
)  # fmt: skip
_SHAPE = hashlib.sha256(
    repr([(part.__name__, sorted(part.__annotations__.items())) for part in _PARTS]).encode()
).hexdigest()
_HEAD = (
    "id", "tenant", "name", "file", "workspace", "policy", "warnings", "stopped", "stopping",
    "seq", "at", "number", "memory", "memory_why",
)  # fmt: skip


def save(state: FleetState) -> bytes:
    """Give a state as JSON."""
    assert state.spec is not None
    lines: list[list[Entry]] = []
    numbers: dict[int, int] = {}

    def number(line: list[Entry]) -> int:
        if id(line) not in numbers:
            numbers[id(line)] = len(lines)
            lines.append(line)
        return numbers[id(line)]

    agents = [
        SavedAgent(
            agent.id, agent.entry, agent.number, agent.status, agent.since, agent.why,
            number(agent.transcript), agent.log,
            [
                SavedCheckpoint(
                    one.id, one.agent, one.at, one.why, one.seq, number(one.line), one.length,
                    one.tokens, one.cost, one.commit, one.left_out, one.note, one.session,
                    one.pending, one.action,
                )
                for one in agent.checkpoints.values()
            ],
            list(agent.turns), agent.trouble, agent.bill, agent.crashes,
            agent.session, agent.files, agent.released,
        )
        for agent in state.agents.values()
    ]  # fmt: skip
    return msgspec.json.encode(
        SavedFleet(
            _SHAPE,
            {name: getattr(state, name) for name in _HEAD},
            state.spec.model_dump(mode="json", exclude_unset=True),
            lines, agents, state.runs, state.turns, state.ballots, state.actions, state.messages,
            state.dropped, state.subscriptions, state.rules, state.open_actions, state.sent_keys,
            state.log, state.forgetting, state.alerts, state.recoveries, state.ground,
            state.keeping, state.left, state.doomed, state.days,
        )
    )  # fmt: skip


def restore(body: bytes) -> FleetState | None:
    """Give the state back, None for the snapshot of another version or a damaged one."""
    try:
        saved = msgspec.json.decode(body, type=SavedFleet)
        return _restored(saved) if saved.shape == _SHAPE else None
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError):
        # A snapshot is never the only copy: the stream is folded from its beginning.
        return None


def _restored(saved: SavedFleet) -> FleetState:
    head = {**saved.head, "warnings": tuple(saved.head["warnings"])}
    state = FleetState(
        **head, spec=FleetFile.model_validate(saved.spec), runs=saved.runs, turns=saved.turns,
        ballots=saved.ballots, actions=saved.actions, messages=saved.messages,
        dropped=saved.dropped,
        subscriptions=saved.subscriptions, rules=saved.rules,
        open_actions=saved.open_actions, sent_keys=saved.sent_keys, log=saved.log,
        forgetting=saved.forgetting, alerts=saved.alerts, recoveries=saved.recoveries,
        ground=saved.ground, keeping=saved.keeping, left=saved.left, doomed=saved.doomed,
        days=saved.days,
    )  # fmt: skip
    for one in saved.agents:
        marks = {
            mark.id: CheckpointState(
                mark.id, mark.agent, mark.at, mark.why, mark.seq, saved.lines[mark.line],
                mark.length, mark.tokens, mark.cost, mark.commit, mark.left_out, mark.note,
                mark.session, mark.pending, mark.action,
            )
            for mark in one.checkpoints
        }  # fmt: skip
        state.agents[one.id] = AgentState(
            one.id, one.entry, one.number, one.status, one.since, one.why, saved.lines[one.line],
            one.log, marks, dict.fromkeys(one.turns), one.trouble, one.bill, one.crashes,
            one.session, one.files, one.released,
        )  # fmt: skip
        state.mailboxes[one.id] = Mailbox()
    for message in sorted(state.messages.values(), key=lambda one: one.order):
        if message.waits:
            state.waiting += 1
            box = state.mailboxes.setdefault(message.box, Mailbox())
            box.push(message.id, message.priority, message.at, message.order)
            if message.held_by:
                box.hold(message.id)
    return state
