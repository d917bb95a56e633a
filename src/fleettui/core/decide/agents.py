"""Rules about agents: their lifecycle, checkpoints and rollbacks."""

from __future__ import annotations

from fleettui.core.commands import AwaitSettings, MakeCheckpoint, MoveAgent, RollBack, TakeSettings
from fleettui.core.decide.ballots import renewed
from fleettui.core.decide.outcome import NOTHING, Outcome, no_agent
from fleettui.core.errors import NotFound, Refused
from fleettui.core.events import (
    ActionDenied,
    AgentMoved,
    AgentRemoved,
    AgentRolledBack,
    AnyEvent,
    CheckpointMade,
    PartMoved,
    TroubleNoted,
    TurnCancelled,
    TurnOpened,
    VoteWithdrawn,
)
from fleettui.core.lifecycle import move
from fleettui.core.model import AgentStatus, Asked
from fleettui.core.state.fleet import AgentState, CheckpointState, FleetState, RunState
from fleettui.core.state.names import Names

# Tools that only wait for other agents: rolling back over them leaves nothing in the world.
WAITS_FOR_AGENTS = frozenset({"delegate", "ask_agent"})


def move_agent(state: FleetState, command: MoveAgent, asked: Asked) -> Outcome:
    """Start, pause, resume, stop, restart or remove an agent, as the lifecycle table allows."""
    agent, by = state.agent(command.agent), f"by {asked.actor}"
    match command.verb:
        case "start" if agent.status == "paused":
            return Outcome((_resumed(state, agent, by),))
        case "start":
            move(agent.id, agent.status, "start")
            return Outcome((AgentMoved(agent.id, "starting", by), AgentMoved(agent.id, "idle", by)))
        case "pause":
            return Outcome((AgentMoved(agent.id, move(agent.id, agent.status, "pause"), by),))
        case "resume":
            return Outcome((_resumed(state, agent, by),))
        case "stop":
            move(agent.id, agent.status, "stop")
            return Outcome(stop_agent(state, agent, f"stopped {by}"))
        case "restart":
            move(agent.id, agent.status, "restart")
            stop = stop_agent(state, agent, f"restarted {by}", at_once=True)
            again = (AgentMoved(agent.id, "starting", by), AgentMoved(agent.id, "idle", by))
            return Outcome((*stop, *again))
        case "remove":
            move(agent.id, agent.status, "remove")
            return Outcome((*_let_go(state, agent, "removed"), AgentRemoved(agent.id, by)))


def _resumed(state: FleetState, agent: AgentState, by: str) -> AgentMoved:
    move(agent.id, agent.status, "resume")
    to: AgentStatus = "idle"
    if agent.turn:
        asking = any(action.status == "asking" for action in state.actions_of(agent.id))
        to = "waiting" if asking else "working"
    return AgentMoved(agent.id, to, f"resumed {by}")


def await_settings(state: FleetState, command: AwaitSettings, _asked: Asked) -> Outcome:
    """Show that an agent waits for a person; the time of ballots and leases does not run."""
    agent = state.agent(state.turn(command.turn).agent)
    text = "waits for its fleet file to be opened again: keys are never stored"
    noted = TroubleNoted(agent.id, text)
    if agent.status != "working":
        return Outcome((noted,))
    return Outcome((noted, AgentMoved(agent.id, "waiting", text)))


def take_settings(state: FleetState, command: TakeSettings, asked: Asked) -> Outcome:
    """Let a turn go on; the ballot it is to vote in gets its whole time again."""
    turn = state.turn(command.turn)
    agent, ballot = state.agent(turn.agent), state.ballots.get(turn.ballot)
    if agent.status != "waiting" or agent.turn != turn.id:
        return NOTHING
    more = renewed(ballot, asked.at) if ballot is not None else []
    return Outcome((AgentMoved(agent.id, "working", "its fleet file was opened again"), *more))


def stop_agent(
    state: FleetState, agent: AgentState, why: str, *, at_once: bool = False
) -> list[AnyEvent]:
    """End an agent's work: what runs in the world is waited for, what only waits is denied."""
    busy = any(action.status == "started" for action in state.actions_of(agent.id))
    events = _deny_waiting(state, agent, why)
    if busy and not at_once:
        return [AgentMoved(agent.id, "stopping", why), *events]
    events += [TurnCancelled(turn, why) for turn in agent.turns]
    return [AgentMoved(agent.id, "stopping", why), *events, AgentMoved(agent.id, "stopped", why)]


def _let_go(state: FleetState, agent: AgentState, why: str) -> list[AnyEvent]:
    events = _deny_waiting(state, agent, why)
    return [*events, *(TurnCancelled(turn, why) for turn in agent.turns)]


def _deny_waiting(state: FleetState, agent: AgentState, why: str) -> list[AnyEvent]:
    return [
        ActionDenied(action.id, "fleettui", why)
        for action in state.actions_of(agent.id)
        if action.status in {"proposed", "asking", "allowed", "approved"}
    ]


def make_checkpoint(state: FleetState, command: MakeCheckpoint, _asked: Asked) -> Outcome:
    agent, name = state.agent(command.agent), Names(state).next()
    return Outcome((CheckpointMade(agent.id, name, command.why),), name)


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
    return found


def roll_back(state: FleetState, command: RollBack, asked: Asked) -> Outcome:
    """Take one agent back; its open turn begins again from there, its open vote is withdrawn."""
    by = no_agent(asked, "roll an agent back")
    agent = state.agent(command.agent)
    target, why = find_checkpoint(agent, command.checkpoint), f"rolled back by {by}"
    started = [one for one in state.actions_of(agent.id) if one.status == "started"]
    if any(action.facts.tool not in WAITS_FOR_AGENTS for action in started):
        raise Refused(
            f"{agent.id} is doing something in the world right now", "wait for it, or stop it"
        )
    events = _deny_waiting(state, agent, why)
    events += _take_back(state, {action.id for action in started}, why)
    names = Names(state)
    turn = state.turns.get(agent.turn)
    events += [TurnCancelled(one, why) for one in agent.turns]
    undo = names.next()
    events.append(AgentRolledBack(agent.id, target.id, undo, by))
    run = state.running()
    if run is not None and agent.id in run.agents:
        events += _again(state, run, agent, names, why)
    elif turn is not None and agent.status != "paused":
        events.append(AgentMoved(agent.id, "idle", why))
    return Outcome(events, undo)


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
