"""Rules about alerts: what a monitor raises, and what its file lets it do about it."""

from __future__ import annotations

from fleettui.core.commands import (
    ClearAlert,
    MoveAgent,
    ProposeAction,
    RaiseAlert,
    RollBack,
    SendMessage,
)
from fleettui.core.decide.actions import propose_action
from fleettui.core.decide.agents import move_agent
from fleettui.core.decide.checkpoints import roll_back
from fleettui.core.decide.messages import send_message
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.errors import FleettuiError, NotFound
from fleettui.core.events import AgentMoved, AlertCleared, AlertRaised, AnyEvent, RecoveryTried
from fleettui.core.model import Actor, Asked, Facts, Payload, ToolCall
from fleettui.core.spec.watch import WatchRule
from fleettui.core.state.alerts import alert_key
from fleettui.core.state.fleet import FleetState


def raise_alert(state: FleetState, command: RaiseAlert, asked: Asked) -> Outcome:
    """Raise an alert that is not raised yet, and do what its rule wants, in the same breath.

    A monitor's alert has a rule in the file; one of the sweep over all agents has none.
    """
    agent = state.agent(command.agent)
    key = alert_key(agent.id, command.rule, command.subject)
    known = state.alerts.get(key)
    if known is not None and known.severity == command.severity:
        return NOTHING
    raised = AlertRaised(agent.id, command.rule, command.subject, command.severity, command.text)
    watched = state.spec_of(agent.id).watch
    rule = rule_of(state, agent.id, command.rule) if watched else None
    if known is not None or rule is None or rule.do is None:
        return Outcome((raised,))
    return Outcome((raised, *_recover(state, rule, command, asked)))


def rule_of(state: FleetState, agent: str, name: str) -> WatchRule:
    """Give a rule of a monitor by its name; raises NotFound."""
    rules = state.spec_of(agent).watch
    found = next((rule for rule in rules if rule.name == name), None)
    if found is None:
        raise NotFound(
            f"{agent} has no rule '{name}'", f"it has: {', '.join(r.name for r in rules)}"
        )
    return found


def clear_alert(state: FleetState, command: ClearAlert, _asked: Asked) -> Outcome:
    if alert_key(command.agent, command.rule, command.subject) not in state.alerts:
        return NOTHING
    return Outcome((AlertCleared(command.agent, command.rule, command.subject, command.why),))


def _recover(
    state: FleetState, rule: WatchRule, command: RaiseAlert, asked: Asked
) -> list[AnyEvent]:
    """Do what a rule wants to its target, at most so often; beyond that a person is asked."""
    target = rule.target or (command.subject if rule.kind == "agent" else "")
    times = state.recoveries.get(f"{command.agent}/{rule.name}", [])
    often = sum(at > asked.at - rule.within for at in times) >= rule.at_most
    verb = "ask" if often else str(rule.do)
    by = Asked(
        Actor("system", f"{command.agent} ({rule.name})", state.tenant), asked.at, asked.standing
    )
    text = rule.text or f"{command.agent}: {rule.name}: {command.text}"
    if often:
        text += f" ({rule.do} was done {rule.at_most} times in {rule.within:g} s)"
    try:
        events = _carried_out(state, verb, target, text, command, by)
    except FleettuiError as refusal:
        return [RecoveryTried(command.agent, rule.name, verb, target, str(refusal))]
    return [RecoveryTried(command.agent, rule.name, verb, target), *events]


def _carried_out(
    state: FleetState, verb: str, target: str, text: str, command: RaiseAlert, by: Asked
) -> list[AnyEvent]:
    match verb:
        case "restart":
            start = state.agent(target).status in {"stopped", "created"}
            move = MoveAgent(state.id, target, "start" if start else "restart")
            return list(move_agent(state, move, by).events)
        case "pause":
            return list(move_agent(state, MoveAgent(state.id, target, "pause"), by).events)
        case "rollback":
            return _rolled_back(state, target, by)
        case "message":
            told = SendMessage(state.id, target, Payload(text, len(text.encode())))
            sender = Asked(Actor("agent", command.agent, state.tenant), by.at, by.standing)
            return list(send_message(state, told, sender).events)
        case _:
            call = ToolCall(f"alert {command.rule} {command.subject}", "approval", {"text": text})
            facts = Facts("approval", call.arguments)
            ask = ProposeAction(state.id, "", call, facts, command.nonce, why=text)
            return list(propose_action(state, ask, by).events)


def _rolled_back(state: FleetState, target: str, by: Asked) -> list[AnyEvent]:
    """Take an agent back to its newest checkpoint, and let it work again.

    Its files go back only in a worktree of its own: nobody is there to say whose changes in a
    shared folder are to go.
    """
    agent = state.agent(target)
    newest = next((one.id for one in reversed(agent.checkpoints.values()) if not one.pending), "")
    if not newest:
        raise NotFound(f"{target} has no checkpoint")
    own = agent.files.ground is not None and agent.files.ground.kind == "worktree"
    back = RollBack(state.id, target, newest, "all" if own else "transcript")
    events = list(roll_back(state, back, by).events)
    moved = any(isinstance(event, AgentMoved) for event in events)
    if agent.status == "failed" and not moved:
        events.append(AgentMoved(target, "starting", f"by {by.actor}"))
        events.append(AgentMoved(target, "idle", f"by {by.actor}"))
    return events
