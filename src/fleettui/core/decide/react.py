"""What follows from an event by rule alone: agents settle, modes go on, mail opens turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleettui.core.coordination.modes import mode_of
from fleettui.core.decide.messages import returned
from fleettui.core.decide.outcome import Names
from fleettui.core.events import (
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionExpired,
    ActionFinished,
    ActionLost,
    AgentMoved,
    AnyEvent,
    BallotClosed,
    FleetStopped,
    MessageAcked,
    MessageQueued,
    MessageRetried,
    RunStarted,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnOpened,
    VoteCast,
    VoteWithdrawn,
)
from fleettui.core.model import Payload
from fleettui.core.state.fleet import AgentState, FleetState, TurnState

Events = Sequence[AnyEvent]


def react(state: FleetState, event: AnyEvent, at: float) -> Events:
    """Give what follows from an event that is already in the state."""
    follow = _REACTIONS.get(type(event))
    return follow(state, event, at) if follow else ()


def _begin(state: FleetState, event: RunStarted, at: float) -> Events:
    return mode_of(event.mode).begin(state, state.runs[event.run], at)


def _turn_over(
    state: FleetState, event: TurnFinished | TurnFailed | TurnCancelled, at: float
) -> Events:
    turn = state.turns[event.turn]
    if turn.status == "retrying":
        return ()
    return (
        *_settle_mail(state, turn),
        *_settle(state, turn.agent, turn.status),
        *_advance(state, turn.run, at),
    )


def _settle_mail(state: FleetState, turn: TurnState) -> Events:
    """Acknowledge what a turn that ended well was told; what failed with it is delivered again."""
    told = [message for message in state.messages.values() if message.turn == turn.id]
    if turn.status == "finished":
        return [MessageAcked(message.id) for message in told]
    return [returned(message, turn.reason) for message in told]


def _settle(state: FleetState, name: str, ended: str) -> Events:
    """Let an agent whose turn ended rest, take its mail, or show that it failed."""
    agent = state.agents.get(name)
    if agent is None or agent.turn or agent.status not in {"working", "waiting"}:
        return ()
    if ended == "failed":
        return (AgentMoved(name, "failed", agent.trouble),)
    return (AgentMoved(name, "idle"),)


def _agent_moved(state: FleetState, event: AgentMoved, _at: float) -> Events:
    if event.to == "idle":
        return _take_mail(state, state.agents[event.agent])
    if event.to == "stopped" and state.stopping and not state.stopped:
        done = all(agent.status == "stopped" for agent in state.agents.values())
        return (FleetStopped(),) if done else ()
    return ()


def _take_mail(state: FleetState, agent: AgentState) -> Events:
    """Open a turn for an idle agent that has mail and works by turns."""
    waiting = agent.status == "idle" and not agent.turn and len(state.mailboxes[agent.id])
    if not waiting or state.spec_of(agent.id).type != "llm":
        return ()
    turn = TurnOpened(Names(state).next(), "", agent.id, Payload(""))
    return (turn, AgentMoved(agent.id, "working", "mail"))


def _mail_came(state: FleetState, event: MessageQueued | MessageRetried, _at: float) -> Events:
    agent = state.agents.get(state.messages[event.message].to)
    if agent is None or agent.status != "idle":
        return ()
    return _take_mail(state, agent)


def _ballot_moved(
    state: FleetState, event: VoteCast | VoteWithdrawn | BallotClosed, at: float
) -> Events:
    return _advance(state, state.ballots[event.ballot].run, at)


def _advance(state: FleetState, run: str, at: float) -> Events:
    found = state.runs.get(run)
    if found is None or found.status != "running":
        return ()
    return mode_of(found.mode).advance(state, found, at)


def _asking(state: FleetState, event: ActionAsked | ActionLost, _at: float) -> Events:
    agent = state.agents.get(state.actions[event.action].agent)
    if agent is None or agent.status != "working":
        return ()
    return (AgentMoved(agent.id, "waiting", f"#{event.action} waits for a person"),)


def _answered(
    state: FleetState,
    event: ActionApproved | ActionDenied | ActionExpired | ActionFinished,
    _at: float,
) -> Events:
    agent = state.agents.get(state.actions[event.action].agent)
    if agent is None:
        return ()
    mine = list(state.actions_of(agent.id))
    if agent.status == "stopping" and not any(one.status == "started" for one in mine):
        stop: list[AnyEvent] = []
        if agent.turn:
            stop.append(TurnCancelled(agent.turn, agent.why))
        return (*stop, AgentMoved(agent.id, "stopped", agent.why))
    waits = any(action.status in {"asking", "unknown"} for action in mine)
    if agent.status == "waiting" and not waits and agent.turn:
        return (AgentMoved(agent.id, "working"),)
    return ()


_REACTIONS: dict[type, Any] = {
    RunStarted: _begin,
    TurnFinished: _turn_over,
    TurnFailed: _turn_over,
    TurnCancelled: _turn_over,
    AgentMoved: _agent_moved,
    MessageQueued: _mail_came,
    MessageRetried: _mail_came,
    VoteCast: _ballot_moved,
    VoteWithdrawn: _ballot_moved,
    BallotClosed: _ballot_moved,
    ActionAsked: _asking,
    ActionLost: _asking,
    ActionApproved: _answered,
    ActionDenied: _answered,
    ActionExpired: _answered,
    ActionFinished: _answered,
}
