"""Rules about how agents talk: to all, to who subscribed, and by question and answer."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.commands import AskAgent, Broadcast, ExpireMessage, Publish, Subscribe
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.errors import QuotaReached
from fleettui.core.events import (
    ActionFinished,
    AnyEvent,
    MessageDied,
    MessageDropped,
    MessageQueued,
    Subscribed,
)
from fleettui.core.model import Asked, MessageKind, Payload, Priority
from fleettui.core.spec.shared import Communication
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.core.state.names import Names
from fleettui.core.topics import flaw, topic_fits

# How long (seconds) a question waits for its answer where the file says nothing.
ANSWER_WITHIN = 300.0


def communication_of(state: FleetState) -> Communication:
    assert state.spec is not None
    return state.spec.spec.communication


def broadcast(state: FleetState, command: Broadcast, asked: Asked) -> Outcome:
    """Queue a message for every agent; for its sender too where the file says so."""
    action = state.action(command.action)
    if action.status != "started":
        return NOTHING
    rules = communication_of(state).broadcast
    to = [name for name in state.agents if name != action.agent or rules.include_sender]
    topic = rules.channel or ""
    return _spread(state, action, to, "broadcast", topic, command.body, command.priority, asked)


def publish(state: FleetState, command: Publish, asked: Asked) -> Outcome:
    """Queue a message for every agent whose subscription fits its topic."""
    action = state.action(command.action)
    if action.status != "started":
        return NOTHING
    listed = communication_of(state).pub_sub.topics
    refusal = flaw(command.topic, pattern=False)
    if not refusal and listed and not any(topic_fits(one, command.topic) for one in listed):
        refusal = f"no topic of the fleet fits '{command.topic}', there are: {', '.join(listed)}"
    if refusal:
        return _told(action, refusal, ok=False)
    to = [
        name
        for name in state.agents
        if name != action.agent
        and any(topic_fits(one, command.topic) for one in state.subscriptions.get(name, ()))
    ]
    return _spread(state, action, to, "topic", command.topic, command.body, command.priority, asked)


def subscribe(state: FleetState, command: Subscribe, _asked: Asked) -> Outcome:
    action = state.action(command.action)
    if action.status != "started":
        return NOTHING
    refusal = flaw(command.pattern, pattern=True)
    if refusal:
        return _told(action, refusal, ok=False)
    told = _told(action, f"subscribed to {command.pattern}")
    if command.pattern in state.subscriptions.get(action.agent, ()):
        return told
    return Outcome((Subscribed(action.agent, command.pattern), *told.events))


def ask_agent(state: FleetState, command: AskAgent, asked: Asked) -> Outcome:
    """Put a question to another agent; the call ends with its answer, or when time is up."""
    action = state.action(command.action)
    known = any(message.correlation == action.id for message in state.messages.values())
    if action.status != "started" or known:
        return NOTHING
    refusal = _unanswerable(state, action.agent, command.to) or _too_many(asked, 1)
    if refusal:
        return _told(action, refusal, ok=False)
    rules = communication_of(state).request_reply
    said = "timeout_ms" in rules.model_fields_set
    due = asked.at + (rules.timeout_ms / 1000 if said else ANSWER_WITHIN)
    queued = MessageQueued(
        Names(state).next(), action.agent, command.to, command.priority, command.body,
        kind="question", correlation=action.id, due=due,
    )  # fmt: skip
    return Outcome((queued,))


def _unanswerable(state: FleetState, asker: str, to: str) -> str:
    """Say why nobody would answer: no such agent, one that is stopped, or a circle of questions."""
    agent = state.agents.get(to)
    if agent is None:
        return f"There is no agent '{to}'; there are: {', '.join(state.agents)}."
    if to == asker:
        return "You can't ask yourself."
    if agent.status in {"stopping", "stopped", "failed"}:
        return f"{to} is {agent.status} and can't answer."
    waits_for = {
        state.actions[one.correlation].agent: one.to
        for one in state.messages.values()
        if one.correlation in state.actions
    }
    seen, next_one = {asker}, to
    while next_one in waits_for and next_one not in seen:
        seen.add(next_one)
        next_one = waits_for[next_one]
    if next_one == asker:
        return f"{to} waits for your answer itself: asking it now would wait for ever."
    return ""


def expire_message(state: FleetState, command: ExpireMessage, asked: Asked) -> Outcome:
    """End what was due: a question without an answer, a direct message nobody took in time."""
    message = state.messages.get(command.message)
    if message is None or not message.due or asked.at < message.due:
        return NOTHING
    if message.kind == "question":
        why = f"{message.to} did not answer in time"
        return Outcome((*answered(state, message.correlation, why), MessageDropped(message.id)))
    if message.status not in {"queued", "returned"}:
        return NOTHING
    return Outcome((MessageDied(message.id, "nobody took it in time"),))


def answered(state: FleetState, action: str, why: str) -> Sequence[AnyEvent]:
    """End the call that waits for an answer, without one."""
    found = state.actions.get(action)
    if found is None or found.status != "started":
        return ()
    return (ActionFinished(found.id, ok=False, output=Payload(why, len(why.encode()))),)


def _spread(
    state: FleetState, action: ActionState, to: Sequence[str], kind: MessageKind, topic: str,
    body: Payload, priority: Priority, asked: Asked,
) -> Outcome:  # fmt: skip
    if refusal := _too_many(asked, len(to)):
        return _told(action, refusal, ok=False)
    names = Names(state)
    queued = [
        MessageQueued(names.next(), action.agent, name, priority, body, kind=kind, topic=topic)
        for name in to
    ]
    said = f"sent to {', '.join(to)}" if to else "nobody listens"
    return Outcome((*queued, *_told(action, said).events))


def _too_many(asked: Asked, more: int) -> str:
    """Say why the tenant may not have so many messages more waiting; empty where it may."""
    try:
        asked.standing.admit_messages(more)
    except QuotaReached as full:
        return str(full)
    return ""


def _told(action: ActionState, text: str, *, ok: bool = True) -> Outcome:
    return Outcome((ActionFinished(action.id, ok=ok, output=Payload(text, len(text.encode()))),))
