"""Rows about agents: the table, their checkpoints, and what a rollback would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

from fleettui.core.model import AgentStatus, Facts
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.known import ASKS_MODEL, ENGINE_TOOLS, is_mcp_name
from fleettui.core.spec.program import program_of
from fleettui.core.state.actions import describe
from fleettui.core.state.confinement import is_sandboxed
from fleettui.core.state.fleet import (
    ActionState,
    AgentState,
    Bill,
    CheckpointState,
    FleetState,
    TurnState,
)
from fleettui.core.views.alerts import alert_rows
from fleettui.core.views.outfit import SANDBOX, Outfit
from fleettui.core.views.rows import (
    ATTENTION,
    AgentRow,
    AlertRow,
    Attention,
    CheckpointRow,
    HealthRow,
    RollbackPreview,
    UsageRow,
    WaitRow,
)

# How many looks the trend of a row shows.
TREND = 8
# Gives the looks at an agent of a fleet, oldest first.
Looks = Callable[[str, str], Sequence[HealthRow]]
_STOPPED: Final = frozenset({"held", "tenant_held", "used_up"})
# Says of a turn why it has no slot; None for one that has, or is none.
Waiting = Callable[[str], WaitRow | None]

_DOING = frozenset({"started", "allowed", "approved"})
_ATTENTION: dict[AgentStatus, Attention] = {
    "created": "idle",
    "starting": "run",
    "idle": "idle",
    "working": "run",
    "waiting": "need",
    "paused": "pause",
    "stopping": "run",
    "stopped": "done",
    "failed": "fail",
}


def cost_of(bill: Bill) -> float | None:
    """Give a bill's cost, None as soon as one call had no known price."""
    return bill.cost if bill.priced else None


def usage_of(bill: Bill) -> UsageRow:
    return UsageRow(bill.input_tokens, bill.output_tokens, cost_of(bill))


def agent_rows(
    state: FleetState, outfit: Outfit, looks: Looks, waiting: Waiting
) -> tuple[AgentRow, ...]:
    """Give the agents of a fleet, those that need somebody first, else in file order."""
    rows = [
        _agent_row(state, agent, outfit, looks(state.id, agent.id), waiting(agent.turn))
        for agent in state.agents.values()
    ]
    return tuple(sorted(rows, key=lambda row: ATTENTION.index(row.attention)))


def _agent_row(
    state: FleetState, agent: AgentState, outfit: Outfit, seen: Sequence[HealthRow],
    waits: WaitRow | None,
) -> AgentRow:  # fmt: skip
    entry, spec, bill = state.entry_of(agent.id), state.spec_of(agent.id), agent.bill
    turn = state.turns.get(agent.turn)
    attention = _ATTENTION[agent.status]
    if attention == "idle" and turn is None and _voted(state, agent.id):
        attention = "done"
    if waits is not None and attention == "run":
        attention = "pause" if waits.kind in _STOPPED else "run"
    alerts = alert_rows(state, agent.id)
    if alerts and attention in {"idle", "run"}:
        attention = "fail" if alerts[0].severity == "critical" else "stale"
    missing = tuple(tool for tool in spec.tools if not _has(state, tool, outfit))
    return AgentRow(
        id=agent.id,
        tenant=state.tenant,
        fleet=state.id,
        name=agent.id,
        entry=agent.entry,
        type=spec.type,
        role=entry.role,
        model=spec.model,
        weight=entry.weight,
        status=agent.status,
        attention=attention,
        step=_step(state, agent, waits),
        since=agent.since,
        input_tokens=bill.input_tokens,
        output_tokens=bill.output_tokens,
        cost=cost_of(bill),
        model_calls=bill.calls,
        queued=len(state.mailboxes[agent.id]),
        run=turn.run if turn else "",
        turn=agent.turn,
        trouble=_trouble(state, agent),
        missing_tools=missing,
        sandbox=_sandbox(state, spec, outfit),
        health=seen[-1] if seen else None,
        trend=tuple(look.beats for look in seen[-TREND:]),
        alerts=len(alerts),
        waits=waits,
        released=agent.released,
    )


def _trouble(state: FleetState, agent: AgentState) -> str:
    """Say what is wrong with an agent: its last failure, else an alert that stands."""
    alerts = (one.text for one in state.alerts.values() if one.agent == agent.id)
    return agent.trouble or next(alerts, "")


def _has(state: FleetState, tool: str, outfit: Outfit) -> bool:
    """Say whether a tool is there: built in, or a program that is installed."""
    assert state.spec is not None
    if is_mcp_name(tool):
        return True
    program = program_of(tool, state.spec.spec.programs)
    return outfit.installed(program.program) if program else tool in outfit.tools


def _sandbox(state: FleetState, spec: AgentSpec, outfit: Outfit) -> Literal["off", "on", "absent"]:
    if not is_sandboxed(state, spec):
        return "off"
    return "on" if outfit.installed(SANDBOX) else "absent"


def _voted(state: FleetState, agent: str) -> bool:
    last = next(reversed(state.runs.values()), None)
    ballot = state.ballots.get(last.ballot) if last else None
    return ballot is not None and agent in ballot.votes


def _step(state: FleetState, agent: AgentState, waits: WaitRow | None) -> str:
    """Say in a few words what an agent is doing."""
    actions = list(state.actions_of(agent.id))
    waiting = [action for action in actions if action.status in {"asking", "unknown"}]
    if waiting:
        return _wanted(waiting[0])
    if trouble := _trouble(state, agent):
        return trouble
    if agent.status == "paused":
        return agent.why or "paused"
    if waits is not None:
        return waiting_text(waits, state.tenant)
    turn = state.turns.get(agent.turn)
    if turn is not None:
        doing = [action for action in actions if action.status in _DOING]
        many = f"{len(agent.turns)} at once, " if len(agent.turns) > 1 else ""
        if doing:
            return f"{many}{_queued(state, agent, doing[-1])}tool {describe(doing[-1])}"
        part = _part(state, turn)
        if state.spec_of(agent.id).type not in ASKS_MODEL:
            return f"{many}{part}working"
        return f"{many}{part}llm call {turn.steps + 1}"
    if agent.released:
        return agent.why
    rules = state.spec_of(agent.id).watch
    if rules:
        return _watching(alert_rows(state, agent.id), len(rules))
    return _last_vote(state, agent.id) or agent.why


def waiting_text(waits: WaitRow, tenant: str) -> str:
    """Say why a turn waits, in a few words."""
    bound = f"{waits.running} of {waits.most} turns"
    match waits.kind:
        case "held" | "tenant_held":
            return f"held by {waits.by}"
        case "used_up":
            return f"waits: {waits.by}"
        case "tenant_full":
            return f"waits: {tenant} has {bound}"
        case "key_full":
            return f"waits: {waits.by} has {bound}"
        case "host_full":
            return f"waits: the host has {bound}, {_ordinal(waits.place)} in line"
        case "line":
            return f"waits: {_ordinal(waits.place)} in line"


def _ordinal(number: int) -> str:
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _queued(state: FleetState, agent: AgentState, action: ActionState) -> str:
    """Say that an action which may begin has to wait for others, and for how many."""
    if action.status == "started" or state.spec is None:
        return ""
    going = [state.actions[name] for name in state.open_actions]
    at_work = [
        one for one in going if one.status == "started" and one.facts.tool not in ENGINE_TOOLS
    ]
    own = sum(one.agent == agent.id for one in at_work)
    most, most_own = state.spec.spec.tools_at_once, state.spec_of(agent.id).tools_at_once
    if most_own is not None and own >= most_own:
        return f"waits for its {own} running: "
    return f"waits for {len(at_work)} running: " if len(at_work) >= most else ""


def _wanted(action: ActionState) -> str:
    """Say what an action that waits for a person would do."""
    named = action.facts.argv and action.facts.tool != "run"
    return f"{action.facts.tool} {describe(action)}" if named else describe(action)


def _watching(alerts: Sequence[AlertRow], rules: int) -> str:
    """Say what a monitor sees."""
    if not alerts:
        return f"watches {rules} thing{'s' if rules > 1 else ''}"
    more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
    return f"{alerts[0].rule}: {alerts[0].text}{more}"


def _part(state: FleetState, turn: TurnState) -> str:
    """Say which part of its run a turn is for, where that is not the agent itself."""
    run = state.runs.get(turn.run)
    part = run.parts.get(turn.part) if run else None
    if run is None or part is None:
        return ""
    if part.kind == "answer":
        return f"tier {part.planned.group}, " if part.planned.group else ""
    return "" if part.name == turn.agent else f"{part.name}, "


def _last_vote(state: FleetState, agent: str) -> str:
    last = next(reversed(state.runs.values()), None)
    ballot = state.ballots.get(last.ballot) if last else None
    vote = ballot.votes.get(agent) if ballot else None
    if vote is None:
        return ""
    sure = "" if vote.confidence is None else f" {vote.confidence:.2f}"
    return f"voted {vote.verdict or vote.state}{sure}"


def checkpoint_rows(state: FleetState, agent: AgentState) -> tuple[CheckpointRow, ...]:
    """Give an agent's checkpoints, newest first."""
    rows = [_checkpoint_row(state, agent, point) for point in agent.checkpoints.values()]
    return tuple(reversed(rows))


def _checkpoint_row(state: FleetState, agent: AgentState, point: CheckpointState) -> CheckpointRow:
    bill = agent.bill
    return CheckpointRow(
        point.id, state.id, agent.id, point.at, point.why, point.seq,
        entries=_entries_since(agent, point),
        tokens=bill.tokens - point.tokens,
        cost=bill.cost - point.cost if bill.priced else None,
        commit=point.commit,
        left_out=_left_out(point),
        note="its files are being kept" if point.pending else point.note,
    )  # fmt: skip


def _goes_back(facts: Facts) -> bool:
    """Say whether all a call did is in files that go back: no program ran."""
    return not facts.argv and bool(facts.operands) and set(facts.risks) <= {"write", "secret"}


def _left_out(point: CheckpointState) -> tuple[str, ...]:
    return tuple(f"{one.path}: {one.why}" for one in point.left_out)


def _entries_since(agent: AgentState, point: CheckpointState) -> int:
    """Count the transcript entries that a rollback takes away; below zero, gives back."""
    return len(agent.transcript) - point.length


def rollback_preview(
    state: FleetState, agent: AgentState, point: CheckpointState
) -> RollbackPreview:
    """Say what rolling back to a checkpoint changes, and what it can't undo."""
    run = state.running()
    ballot = state.ballots.get(run.ballot) if run else None
    votes: tuple[str, ...] = ()
    if ballot is not None and ballot.verdict is None and agent.id in ballot.votes:
        votes = (f"{ballot.votes[agent.id].verdict} in {ballot.id}, the ballot is open again",)
    queued = tuple(
        f"{message.id} from {message.sender} "
        + ("goes back to the queue" if message.status == "leased" else "stays queued")
        for message in state.messages.values()
        if message.to == agent.id and message.status != "dead"
    )
    voided = tuple(
        f"{action.id} {describe(action)}"
        for action in state.actions_of(agent.id)
        if action.status in {"proposed", "asking", "allowed", "approved"}
    )
    kept = tuple(
        f"{describe(action)} ({'unknown whether done' if action.status == 'unknown' else 'done'})"
        for action in state.actions.values()
        if action.agent == agent.id
        and action.started > point.at
        and action.facts.risks != ("read",)
        and action.facts.tool != "submit_result"
        and not (point.commit and _goes_back(action.facts))
    )
    return RollbackPreview(
        agent.id, point.id, _entries_since(agent, point), agent.turn, votes, queued, voided, kept,
        commit=point.commit, left_out=_left_out(point),
        note=point.note or ("" if point.commit else "it holds no files: the transcript goes back"),
    )  # fmt: skip
