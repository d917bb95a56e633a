"""Rules about agents: their lifecycle."""

from __future__ import annotations

from fleettui.core.commands import AwaitSettings, MoveAgent, TakeSettings
from fleettui.core.decide.ballots import renewed
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.events import (
    ActionDenied,
    AgentMoved,
    AgentRemoved,
    AnyEvent,
    TroubleNoted,
    TurnCancelled,
)
from fleettui.core.lifecycle import move
from fleettui.core.model import AgentStatus, Asked
from fleettui.core.state.fleet import AgentState, FleetState


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
    text = "waits for its fleet file to be opened again, or a provider's key as a secret"
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
    events = deny_waiting(state, agent, why)
    if busy and not at_once:
        return [AgentMoved(agent.id, "stopping", why), *events]
    events += [TurnCancelled(turn, why) for turn in agent.turns]
    return [AgentMoved(agent.id, "stopping", why), *events, AgentMoved(agent.id, "stopped", why)]


def _let_go(state: FleetState, agent: AgentState, why: str) -> list[AnyEvent]:
    events = deny_waiting(state, agent, why)
    return [*events, *(TurnCancelled(turn, why) for turn in agent.turns)]


def deny_waiting(state: FleetState, agent: AgentState, why: str) -> list[AnyEvent]:
    """Deny every action of an agent that has not begun: nothing it was to do is done later."""
    return [
        ActionDenied(action.id, "fleettui", why)
        for action in state.actions_of(agent.id)
        if action.status in {"proposed", "asking", "allowed", "approved"}
    ]
