"""What follows from an event by rule alone: agents settle, modes go on, mail opens turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleettui.core.coordination.modes import MODES, advance
from fleettui.core.coordination.work import Work
from fleettui.core.decide.actions import ask_again
from fleettui.core.decide.checkpoints import marking
from fleettui.core.decide.health import recovered
from fleettui.core.decide.messages import returned
from fleettui.core.decide.talks import answered
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
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    MessageAcked,
    MessageDelivered,
    MessageDied,
    MessageDropped,
    MessageQueued,
    MessageReleased,
    MessageRestored,
    MessageRetried,
    MessageReturned,
    PartMoved,
    PartsPlanned,
    RunReleased,
    RunResumed,
    RunStarted,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnOpened,
    VoteCast,
    VoteWithdrawn,
)
from fleettui.core.model import PartStatus, Payload
from fleettui.core.spec.known import WITHOUT_TURNS
from fleettui.core.state.fleet import AgentState, FleetState, TurnState
from fleettui.core.state.names import Names
from fleettui.core.state.parts import OVER

Events = Sequence[AnyEvent]


def react(state: FleetState, event: AnyEvent, at: float) -> Events:
    """Give what follows from an event that is already in the state."""
    follow = _REACTIONS.get(type(event))
    return follow(state, event, at) if follow else ()


def _begin(state: FleetState, event: RunStarted, at: float) -> Events:
    """Mark where every agent stands, and plan the first parts."""
    work = Work(state, state.runs[event.run])
    why = f"before {event.run}"
    work.add(*(marking(state, state.agents[one], work.name(), why) for one in event.agents))
    MODES[event.mode].begin(work, at)
    return work.events


def _turn_over(
    state: FleetState, event: TurnFinished | TurnFailed | TurnCancelled, _at: float
) -> Events:
    turn = state.turns[event.turn]
    if turn.status == "retrying":
        return ()
    well = recovered(state, turn.agent) if turn.status == "finished" else ()
    return (
        *well,
        *_every_few_turns(state, turn),
        *_settle_mail(state, turn),
        *_settle(state, turn.agent, failed=turn.status == "failed" and not turn.quota),
        *_part_over(state, turn),
    )


def _reloaded(state: FleetState, _event: FleetReloaded, at: float) -> Events:
    return ask_again(state, at)


def _every_few_turns(state: FleetState, turn: TurnState) -> Events:
    """Mark where an agent stands after as many turns as its file says."""
    agent = state.agents.get(turn.agent)
    if agent is None or turn.status != "finished":
        return ()
    turns = agent.files.turns
    if turns < state.spec_of(agent.id).checkpoint_every:
        return ()
    return (marking(state, agent, Names(state).next(), f"after {turns} turns"),)


def _part_over(state: FleetState, turn: TurnState) -> Events:
    """End the part a turn was for, unless another turn works on it already."""
    run = state.runs.get(turn.run)
    part = run.parts.get(turn.part) if run else None
    if run is None or part is None or part.turn != turn.id or part.status != "running":
        return ()
    if turn.status == "finished":
        return (PartMoved(run.id, part.id, "done"),)
    to: PartStatus = "failed" if run.status == "running" else "cancelled"
    return (PartMoved(run.id, part.id, to, turn.reason),)


def _settle_mail(state: FleetState, turn: TurnState) -> Events:
    """Acknowledge what a turn that ended well was told; what failed with it is delivered again."""
    told = [message for message in state.messages.values() if message.turn == turn.id]
    gone = [
        MessageDropped(message.id, "its sender's turn is over")
        for message in state.messages.values()
        if message.correlation and state.actions[message.correlation].turn == turn.id
    ]
    if turn.status == "finished":
        answers = [
            ActionFinished(message.correlation, ok=True, output=turn.output)
            for message in told
            if message.correlation and state.actions[message.correlation].status == "started"
        ]
        return [*answers, *(MessageAcked(message.id) for message in told), *gone]
    if turn.quota:
        # The same again would use up as much again.
        return [*(MessageDied(message.id, turn.reason) for message in told), *gone]
    return [*(returned(message, turn.reason) for message in told), *gone]


def _settle(state: FleetState, name: str, *, failed: bool) -> Events:
    """Let an agent whose turn ended rest, take its mail, or show that it failed."""
    agent = state.agents.get(name)
    if agent is None or agent.turn or agent.status not in {"working", "waiting"}:
        return ()
    if failed:
        return (AgentMoved(name, "failed", agent.trouble),)
    return (AgentMoved(name, "idle"),)


def _agent_moved(state: FleetState, event: AgentMoved, at: float) -> Events:
    """Let an agent that rests take its mail, or a part of the run that goes on."""
    run = state.running()
    if event.to == "idle":
        mail = _take_mail(state, state.agents[event.agent])
        return mail or (advance(state, run.id, at) if run else ())
    if event.to == "stopped":
        return (*_last_stopped(state), *(advance(state, run.id, at) if run else ()))
    return ()


def _fleet_resumed(state: FleetState, _event: FleetResumed, at: float) -> Events:
    run = state.running()
    return advance(state, run.id, at) if run else ()


def _last_stopped(state: FleetState) -> Events:
    done = all(agent.status == "stopped" for agent in state.agents.values())
    return (FleetStopped(),) if state.stopping and not state.stopped and done else ()


def _take_mail(state: FleetState, agent: AgentState) -> Events:
    """Open a turn for an idle agent that has mail and works by turns."""
    if agent.status != "idle" or agent.turn or state.spec_of(agent.id).type in WITHOUT_TURNS:
        return ()
    questions = state.mailboxes.get(f"{agent.id}?")
    question = questions.waiting() if questions else ()
    if question:
        name = Names(state).next()
        asked = TurnOpened(name, "", agent.id, Payload(""))
        told = MessageDelivered(question[0], name)
        return (asked, told, AgentMoved(agent.id, "working", "a question"))
    if not len(state.mailboxes[agent.id]):
        return ()
    turn = TurnOpened(Names(state).next(), "", agent.id, Payload(""))
    return (turn, AgentMoved(agent.id, "working", "mail"))


def _mail_came(
    state: FleetState,
    event: MessageQueued | MessageRetried | MessageReturned | MessageReleased | MessageRestored,
    _at: float,
) -> Events:
    agent = state.agents.get(state.messages[event.message].to)
    if agent is None or agent.status != "idle":
        return ()
    return _take_mail(state, agent)


def _ballot_moved(
    state: FleetState, event: VoteCast | VoteWithdrawn | BallotClosed, at: float
) -> Events:
    return advance(state, state.ballots[event.ballot].run, at)


def _run_moved(
    state: FleetState, event: PartsPlanned | RunReleased | RunResumed, at: float
) -> Events:
    return advance(state, event.run, at)


def _part_moved(state: FleetState, event: PartMoved, at: float) -> Events:
    """End the call that waits for a part, and go on with the run."""
    part = state.runs[event.run].parts[event.part]
    action = state.actions.get(part.planned.action)
    answer: list[AnyEvent] = []
    if action is not None and action.status == "started" and part.status in OVER:
        ok = part.status == "done"
        text = f"{part.agent or 'nobody'}: {part.status}: {part.why}"
        answer.append(ActionFinished(action.id, ok, part.output if ok else Payload(text)))
    return (*answer, *advance(state, event.run, at))


def _asking(state: FleetState, event: ActionAsked | ActionLost, _at: float) -> Events:
    agent = state.agents.get(state.actions[event.action].agent)
    if agent is None or agent.status != "working":
        return ()
    return (AgentMoved(agent.id, "waiting", f"#{event.action} waits for a person"),)


def _action_over(
    state: FleetState, event: ActionDenied | ActionExpired | ActionFinished, at: float
) -> Events:
    return (*_step_over(state, event), *_answered(state, event, at))


def _step_over(state: FleetState, event: ActionDenied | ActionExpired | ActionFinished) -> Events:
    """End the step that an action was for."""
    action = state.actions[event.action]
    run = state.runs.get(action.run)
    part = run.parts.get(action.part) if run else None
    if run is None or part is None or part.status != "running" or part.action != action.id:
        return ()
    match event:
        case ActionFinished(ok=True, output=output):
            return (PartMoved(run.id, part.id, "done", output=output),)
        case ActionFinished(output=output, exit_code=code):
            why = output.head[:200] if code is None else f"exit {code}"
            return (PartMoved(run.id, part.id, "failed", why, output),)
        case ActionDenied(by=by, reason=reason):
            why = f"denied by {by}" + (f": {reason}" if reason else "")
            return (PartMoved(run.id, part.id, "failed", why),)
        case ActionExpired():
            return (PartMoved(run.id, part.id, "failed", "nobody answered in time"),)


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
        stop += [TurnCancelled(turn, agent.why) for turn in agent.turns]
        return (*stop, AgentMoved(agent.id, "stopped", agent.why))
    waits = any(action.status in {"asking", "unknown"} for action in mine)
    if agent.status == "waiting" and not waits and agent.turn:
        return (AgentMoved(agent.id, "working"),)
    return ()


def _message_died(state: FleetState, event: MessageDied, _at: float) -> Events:
    """Tell the asker that its question was answered by nobody."""
    message = state.messages[event.message]
    return answered(state, message.correlation, f"{message.to} could not answer: {event.why}")


_REACTIONS: dict[type, Any] = {
    FleetResumed: _fleet_resumed,
    RunStarted: _begin,
    TurnFinished: _turn_over,
    TurnFailed: _turn_over,
    TurnCancelled: _turn_over,
    AgentMoved: _agent_moved,
    MessageQueued: _mail_came,
    MessageReleased: _mail_came,
    MessageRestored: _mail_came,
    MessageRetried: _mail_came,
    MessageDied: _message_died,
    MessageReturned: _mail_came,
    PartsPlanned: _run_moved,
    PartMoved: _part_moved,
    RunReleased: _run_moved,
    RunResumed: _run_moved,
    VoteCast: _ballot_moved,
    VoteWithdrawn: _ballot_moved,
    BallotClosed: _ballot_moved,
    FleetReloaded: _reloaded,
    ActionAsked: _asking,
    ActionLost: _asking,
    ActionApproved: _answered,
    ActionDenied: _action_over,
    ActionExpired: _action_over,
    ActionFinished: _action_over,
}
