"""Rules about checkpoints: marking a point, and going back to one."""

from __future__ import annotations

from fleettui.core.commands import FinishRollBack, MakeCheckpoint, RollBack
from fleettui.core.decide.agents import deny_waiting
from fleettui.core.decide.outcome import NOTHING, Outcome, no_agent
from fleettui.core.errors import NotFound, Refused
from fleettui.core.events import (
    AgentMoved,
    AgentRolledBack,
    AnyEvent,
    CheckpointBegun,
    CheckpointMade,
    PartMoved,
    RollbackBegun,
    RollbackFailed,
    TurnCancelled,
    TurnOpened,
    VoteWithdrawn,
)
from fleettui.core.grounds import RollbackPart
from fleettui.core.model import Asked
from fleettui.core.spec.known import may_write
from fleettui.core.state.fleet import (
    ActionState,
    AgentState,
    CheckpointState,
    FleetState,
    RunState,
    session_now,
)
from fleettui.core.state.names import Names
from fleettui.core.state.workspaces import is_busy_with_files, keeps_files

# Tools that only wait for other agents: rolling back over them leaves nothing in the world.
WAITS_FOR_AGENTS = frozenset({"delegate", "ask_agent"})


def make_checkpoint(state: FleetState, command: MakeCheckpoint, _asked: Asked) -> Outcome:
    agent, name = state.agent(command.agent), Names(state).next()
    return Outcome((marking(state, agent, name, command.why),), name)


def marking(
    state: FleetState, agent: AgentState, name: str, why: str, action: str = ""
) -> AnyEvent:
    """Give the event that marks a point: begun where there are files to keep, else made."""
    if keeps_files(state, agent):
        return CheckpointBegun(agent.id, name, why, action)
    ground = state.ground
    lacks = ground is not None and may_write(state.spec_of(agent.id))
    note = f"transcript only: {ground.note or 'no git here'}" if ground and lacks else ""
    return CheckpointMade(agent.id, name, why, note=note, session=session_now(agent))


def find_checkpoint(agent: AgentState, name: str) -> CheckpointState:
    """Give a checkpoint by its id, or by the number at its end."""
    found = agent.checkpoints.get(name)
    if found is None:
        short = [point for key, point in agent.checkpoints.items() if key.endswith(f"/{name}")]
        found = short[0] if len(short) == 1 else None
    if found is None:
        raise NotFound(
            f"{agent.id} has no checkpoint '{name}'",
            f"it has: {', '.join(agent.checkpoints) or 'none yet'}",
        )
    if found.pending:
        raise Refused(f"the files of {found.id} are still being kept", "try again in a moment")
    return found


def roll_back(state: FleetState, command: RollBack, asked: Asked) -> Outcome:
    """Take one agent back: its transcript at once, its files first where they go back too."""
    by = no_agent(asked, "roll an agent back")
    agent = state.agent(command.agent)
    target = find_checkpoint(agent, command.checkpoint)
    _waiting_calls(state, agent)
    if is_busy_with_files(agent):
        raise Refused(f"the files of {agent.id} are being worked on", "try again in a moment")
    part = part_of(target, command.part)
    undo = Names(state).next()
    if part == "transcript":
        return Outcome(_go_back(state, agent, target, undo, by, part), undo)
    why = f"before the rollback to {target.id}"
    return Outcome(
        (
            *deny_waiting(state, agent, f"rolled back by {by}"),
            CheckpointBegun(agent.id, undo, why),
            RollbackBegun(agent.id, target.id, undo, by, part),
        ),
        undo,
    )


def part_of(target: CheckpointState, wanted: RollbackPart) -> RollbackPart:
    """Say what can go back; raises Refused for files that were not kept."""
    if wanted == "files" and not target.commit:
        why = f": {target.note}" if target.note else ""
        raise Refused(f"{target.id} holds no files{why}", "roll back its transcript")
    return wanted if target.commit else "transcript"


def finish_roll_back(state: FleetState, command: FinishRollBack, _asked: Asked) -> Outcome:
    """Take the rest back once the files are; where they could not go back, nothing does."""
    agent = state.agent(command.agent)
    rolling = agent.files.rolling
    if rolling is None:
        return NOTHING
    if command.why:
        return Outcome((RollbackFailed(agent.id, command.why),))
    target = agent.checkpoints[rolling.checkpoint]
    return Outcome(_go_back(state, agent, target, rolling.undo, rolling.by, rolling.part))


def _waiting_calls(state: FleetState, agent: AgentState) -> list[ActionState]:
    """Give the calls that wait for other agents; raises Refused while others are being done."""
    started = [one for one in state.actions_of(agent.id) if one.status == "started"]
    if any(action.facts.tool not in WAITS_FOR_AGENTS for action in started):
        raise Refused(
            f"{agent.id} is doing something in the world right now", "wait for it, or stop it"
        )
    return started


def _go_back(
    state: FleetState, agent: AgentState, target: CheckpointState, undo: str, by: str,
    part: RollbackPart,
) -> list[AnyEvent]:  # fmt: skip
    """Take an agent back; its open turn begins again from there, its open vote is withdrawn."""
    if part == "files":
        return [AgentRolledBack(agent.id, target.id, undo, by, part)]
    why = f"rolled back by {by}"
    started = {action.id for action in _waiting_calls(state, agent)}
    events = deny_waiting(state, agent, why)
    events += _take_back(state, started, why)
    names = Names(state)
    turn = state.turns.get(agent.turn)
    events += [TurnCancelled(one, why) for one in agent.turns]
    if undo not in agent.checkpoints:
        names.next()
    events.append(AgentRolledBack(agent.id, target.id, undo, by, part))
    run = state.running()
    if run is not None and agent.id in run.agents:
        events += _again(state, run, agent, names, why)
    elif turn is not None and agent.status != "paused":
        events.append(AgentMoved(agent.id, "idle", why))
    return events


def _take_back(state: FleetState, actions: set[str], why: str) -> list[AnyEvent]:
    """Cancel the sub-tasks that calls wait for."""
    run, events = state.running(), list[AnyEvent]()
    for part in run.parts.values() if run else ():
        if run and part.planned.action in actions and part.status in {"waiting", "running"}:
            events.append(PartMoved(run.id, part.id, "cancelled", why))
            turn = state.turns.get(part.turn)
            if turn is not None and turn.status in {"open", "retrying"}:
                events.append(TurnCancelled(turn.id, why))
    return events


def _again(
    state: FleetState, run: RunState, agent: AgentState, names: Names, why: str
) -> list[AnyEvent]:
    """Begin again with the part of a run that the agent worked on last, its vote withdrawn."""
    mine = [state.turns[one] for one in run.turns if state.turns[one].agent == agent.id]
    part = run.parts.get(mine[-1].part) if mine else None
    if part is None or part.turn != mine[-1].id:
        return []
    last = mine[-1]
    events: list[AnyEvent] = []
    ballot = state.ballots.get(last.ballot)
    if ballot is not None and ballot.verdict is None and agent.id in ballot.votes:
        events.append(VoteWithdrawn(ballot.id, agent.id))
    told = next(
        (one for one in agent.transcript if one.turn == last.id and one.kind == "prompt"), None
    )
    events.append(
        TurnOpened(
            names.next(), run.id, agent.id, told.text if told else run.task, part.id, last.ballot,
            told.given if told else (), last.model, last.instructions, part.due,
        )
    )  # fmt: skip
    if agent.status not in {"paused", "working"}:
        events.append(AgentMoved(agent.id, "working", why))
    return events
