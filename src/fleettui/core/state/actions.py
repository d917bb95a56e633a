"""How events change actions, and the rules saved while answering them."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    ActionAllowed,
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionExpired,
    ActionFinished,
    ActionLost,
    ActionProposed,
    ActionStarted,
    ApprovalGiven,
    ApprovalWithdrawn,
    CallRejected,
    ExpiryMoved,
    RuleRevoked,
    RuleSaved,
)
from fleettui.core.model import Payload
from fleettui.core.state.fleet import ActionState, AlwaysRule, Entry, FleetState, LogLine


def _proposed(state: FleetState, event: ActionProposed, at: float) -> None:
    if event.action not in state.actions:
        state.number += 1
    state.actions[event.action] = ActionState(
        event.action, event.turn, event.run, event.agent, event.call, event.facts,
        event.digest, event.nonce, event.version, event.why, at, part=event.part,
    )  # fmt: skip
    if event.part:
        state.runs[event.run].parts[event.part].action = event.action
    state.open_actions.add(event.action)
    if event.turn:
        state.turns[event.turn].actions[event.call] = event.action


def _rejected(state: FleetState, event: CallRejected, at: float) -> None:
    agent = state.agents[state.turns[event.turn].agent]
    text = Payload(event.reason, len(event.reason))
    agent.transcript.append(Entry("result", at, event.turn, text, call=event.call))


def _allowed(state: FleetState, event: ActionAllowed, _at: float) -> None:
    action = state.actions[event.action]
    action.status, action.rule = "allowed", event.rule


def _asked(state: FleetState, event: ActionAsked, at: float) -> None:
    action = state.actions[event.action]
    action.status, action.rule, action.needs = "asking", event.rule, event.needs
    action.expires_at, action.always, action.approved_by = event.expires_at, event.always, ()
    action.risks, action.chain = event.risks, event.chain
    _note(state, action, at, "ask", f"{describe(action)}  [inbox #{action.id}]")


def _given(state: FleetState, event: ApprovalGiven, at: float) -> None:
    action = state.actions[event.action]
    action.approved_by = (*action.approved_by, event.by)
    _note(state, action, at, "note", f"#{action.id} approved by {event.by}, needs {action.needs}")


def _withdrawn(state: FleetState, event: ApprovalWithdrawn, at: float) -> None:
    action = state.actions[event.action]
    late = "" if action.status == "asking" else f", too late: it is {action.status}"
    if action.status == "asking":
        action.approved_by = tuple(name for name in action.approved_by if name != event.by)
    _note(state, action, at, "note", f"#{action.id} approval taken back by {event.by}{late}")


def _approved(state: FleetState, event: ActionApproved, at: float) -> None:
    action = state.actions[event.action]
    action.status, action.approved_by = "approved", event.by
    _note(state, action, at, "note", f"#{action.id} approved by {', '.join(event.by)}")


def _denied(state: FleetState, event: ActionDenied, at: float) -> None:
    action = state.actions[event.action]
    reason = f": {event.reason}" if event.reason else ""
    done = "It may have been done." if action.status == "unknown" else "It was not done."
    _end(state, action, "denied", at, f"Denied by {event.by}{reason}. {done}")
    action.reason = event.reason
    _note(state, action, at, "note", f"#{action.id} denied by {event.by}{reason}")


def _expired(state: FleetState, event: ActionExpired, at: float) -> None:
    action = state.actions[event.action]
    _end(state, action, "expired", at, "Nobody answered in time, which is a no. It was not done.")
    _note(state, action, at, "note", f"#{action.id} expired")


def _expiry_moved(state: FleetState, event: ExpiryMoved, _at: float) -> None:
    state.actions[event.action].expires_at = event.expires_at


def _started(state: FleetState, event: ActionStarted, at: float) -> None:
    action = state.actions[event.action]
    action.status, action.started = "started", at


def _finished(state: FleetState, event: ActionFinished, at: float) -> None:
    action = state.actions[event.action]
    action.ok, action.exit_code = event.ok, event.exit_code
    state.sent_keys.discard(action.id)
    _close(state, action, "finished", at, event.output)


def _lost(state: FleetState, event: ActionLost, at: float) -> None:
    action = state.actions[event.action]
    action.status, action.reason = "unknown", event.why
    _note(state, action, at, "error", f"#{action.id} {describe(action)}: {event.why}")


def _rule_saved(state: FleetState, event: RuleSaved, at: float) -> None:
    state.number += 1
    state.rules[event.rule] = AlwaysRule(event.rule, event.pattern, event.agent, event.by, at)


def _rule_revoked(state: FleetState, event: RuleRevoked, _at: float) -> None:
    state.rules.pop(event.rule, None)


def describe(action: ActionState) -> str:
    """Say in one line what an action would do."""
    facts = action.facts
    if facts.summary:
        return facts.summary
    if facts.argv:
        return " ".join(facts.argv)
    if facts.tool == "approval":
        return str(facts.arguments.get("text", ""))
    if facts.arguments.get("script"):
        return " ".join(str(facts.arguments["script"]).split())
    what = facts.arguments.get("path") or facts.arguments.get("title") or ""
    return f"{facts.tool} {what}".strip()


def _end(state: FleetState, action: ActionState, status: Any, at: float, text: str) -> None:
    _close(state, action, status, at, Payload(text, len(text)))


def _close(state: FleetState, action: ActionState, status: Any, at: float, output: Payload) -> None:
    """End an action; its agent's transcript gets what came of the call, if the turn is open."""
    action.status = status
    state.open_actions.discard(action.id)
    turn = state.turns.get(action.turn)
    if turn is not None and turn.status in {"open", "retrying"}:
        agent = state.agents[action.agent]
        agent.transcript.append(Entry("result", at, action.turn, output, call=action.call))


def _note(state: FleetState, action: ActionState, at: float, kind: Any, text: str) -> None:
    agent = state.agents.get(action.agent)
    log = state.log if agent is None else agent.log
    log.append(LogLine(at, kind, text, action.turn))


STEPS: dict[type, Any] = {
    ActionProposed: _proposed,
    CallRejected: _rejected,
    ActionAllowed: _allowed,
    ActionAsked: _asked,
    ApprovalGiven: _given,
    ApprovalWithdrawn: _withdrawn,
    ActionApproved: _approved,
    ActionDenied: _denied,
    ActionExpired: _expired,
    ExpiryMoved: _expiry_moved,
    ActionStarted: _started,
    ActionFinished: _finished,
    ActionLost: _lost,
    RuleSaved: _rule_saved,
    RuleRevoked: _rule_revoked,
}
