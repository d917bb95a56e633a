"""Rules about actions: what is allowed, what asks, and what an answer is worth."""

from __future__ import annotations

from fleettui.core.commands import (
    Approve,
    Deny,
    EditAction,
    ExpireAction,
    ExtendExpiry,
    FinishAction,
    LoseAction,
    ProposeAction,
    RejectCall,
    RevokeRule,
    StartAction,
    Withdraw,
    WithdrawAction,
)
from fleettui.core.decide.ballots import extend_ballot
from fleettui.core.decide.health import failed_agent, leave_failed, restart_failed
from fleettui.core.decide.judging import judge_action
from fleettui.core.decide.outcome import NOTHING, Outcome, only_people
from fleettui.core.errors import Forbidden, NotFound, Refused, Stale
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
    AnyEvent,
    ApprovalGiven,
    ApprovalWithdrawn,
    CallRejected,
    ExpiryMoved,
    RuleRevoked,
    RuleSaved,
)
from fleettui.core.foreign import is_foreign
from fleettui.core.model import SYSTEM, Actor, Asked, Facts
from fleettui.core.policy.digest import action_digest
from fleettui.core.spec.approval import Approval
from fleettui.core.state.approvers import approvers_of, requester_of
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.core.state.names import Names

FLEET_ITSELF = "fleet"
# A person who lets an unknown action run again gives it this long (seconds) to begin.
RUN_AGAIN_WITHIN = 900.0


def _digest(state: FleetState, agent: str, facts: Facts, nonce: str) -> str:
    return action_digest(
        tenant=state.tenant, fleet=state.id, agent=agent, facts=facts,
        policy_version=state.policy, nonce=nonce,
    )  # fmt: skip


def propose_action(state: FleetState, command: ProposeAction, asked: Asked) -> Outcome:
    """Judge what an agent wants to do: allowed, asked of a person, or denied.

    The same call of the same turn is proposed once, however often a process dies and asks again.
    """
    agent, run = FLEET_ITSELF, command.run
    if command.turn:
        turn = state.turn(command.turn)
        if turn.status not in {"open", "retrying"}:
            raise Stale(f"{turn.id} is over already: {turn.status}")
        agent, run = turn.agent, turn.run
        if command.call.id in turn.actions:
            return Outcome((), turn.actions[command.call.id])
    name = Names(state).next()
    proposed = ActionProposed(
        name, command.turn, run, agent, command.call.id, command.facts,
        _digest(state, agent, command.facts, command.nonce), command.nonce, 1, command.why,
        command.part,
    )  # fmt: skip
    return Outcome((proposed, *_judged(state, name, agent, command.facts, asked)), name)


def reject_call(state: FleetState, command: RejectCall, _asked: Asked) -> Outcome:
    turn = state.turn(command.turn)
    return Outcome((CallRejected(turn.id, command.call, command.reason),))


def _judged(state: FleetState, name: str, agent: str, facts: Facts, asked: Asked) -> list[AnyEvent]:
    assert state.spec is not None
    judgement = judge_action(state, agent, facts)
    match judgement.decision:
        case "allow":
            return [ActionAllowed(name, judgement.rule)]
        case "deny":
            return [ActionDenied(name, "policy", judgement.rule)]
        case "ask":
            approval = state.spec.spec.approval
            expires = 0.0 if approval.timeout == "wait" else asked.at + approval.timeout
            asked_for = ActionAsked(
                name,
                judgement.rule,
                _needed(approval, facts, judgement.chain),
                expires,
                judgement.always,
                judgement.risks,
                judgement.chain,
            )
            return [asked_for]


def _needed(approval: Approval, facts: Facts, chain: str) -> int:
    """Give how many people must approve: a workflow's step says so, the chain, or the file."""
    wanted = facts.arguments.get("require") if facts.tool == "approval" else None
    if isinstance(wanted, int):
        return wanted
    group = approval.chain(chain)
    return approval.require if group is None else group.require


def ask_again(state: FleetState, at: float) -> list[AnyEvent]:
    """Ask again, under rules that changed, what waits for a person: older answers are void."""
    events: list[AnyEvent] = []
    asked = Asked(SYSTEM, at)
    for action in [state.actions[name] for name in sorted(state.open_actions)]:
        digest = _digest(state, action.agent, action.facts, action.nonce)
        if action.status != "asking" or digest == action.digest:
            continue
        events.append(
            ActionProposed(
                action.id, action.turn, action.run, action.agent, action.call, action.facts,
                digest, action.nonce, action.version + 1, "the rules changed, so it asks again",
                action.part,
            )
        )  # fmt: skip
        judged = _judged(state, action.id, action.agent, action.facts, asked)
        if isinstance(judged[0], ActionAllowed):
            judged = [ActionAsked(action.id, judged[0].rule, 1, action.expires_at)]
        events += judged
    return events


def _answered(state: FleetState, name: str, version: int, asked: Asked) -> ActionState:
    """Give the action that a person answers; raises Stale when it can't be answered any more."""
    action = state.action(name)
    if asked.actor.tenant != state.tenant:
        raise NotFound(f"there is no action '{name}'")
    if action.status not in {"asking", "unknown"}:
        who = f" by {', '.join(action.approved_by)}" if action.approved_by else ""
        raise Stale(f"{name} is {action.status} already{who}")
    if version != action.version:
        raise Stale(f"{name} changed since it was shown", "look at it again")
    return action


def approve(state: FleetState, command: Approve, asked: Asked) -> Outcome:
    """Count one person's approval; enough of them allow the exact action, once."""
    by = only_people(asked, "approve")
    failed = failed_agent(state, command.action)
    if failed is not None and asked.actor.known:
        return restart_failed(state, failed, asked)
    action = _answered(state, command.action, command.version, asked)
    if (command.digest, command.nonce) != (action.digest, action.nonce):
        raise Stale(f"{action.id} is not the action that was shown", "look at it again")
    if action.status == "asking" and action.expires_at and asked.at >= action.expires_at:
        raise Stale(f"{action.id} has expired", "the agent may ask again")
    if action.status == "asking" and any(map(asked.actor.is_called, action.approved_by)):
        raise Refused(f"{by} has approved {action.id} already", "another person must approve too")
    if "destructive" in action.risks and not command.confirmed:
        raise Refused(f"{action.id} destroys something", "confirm it once more, with --yes")
    _refuse_stranger(state, action, asked.actor)
    if action.status == "unknown":
        _refuse_without_agent(state, action)
        again = ExpiryMoved(action.id, asked.at + RUN_AGAIN_WITHIN, by)
        return Outcome((again, ActionApproved(action.id, (by,))))
    people = (*action.approved_by, by)
    events: list[AnyEvent] = []
    if command.always and asked.actor.known:
        events.append(_always(state, action, command, by))
    if len(people) < action.needs:
        return Outcome((*events, ApprovalGiven(action.id, by)))
    return Outcome((*events, ActionApproved(action.id, people)))


def _refuse_without_agent(state: FleetState, action: ActionState) -> None:
    """Let nobody allow again what only an agent could do that is at something else by now."""
    turn = state.turns.get(action.turn)
    gone = turn is None or turn.status not in {"open", "retrying"}
    if is_foreign(action.facts.tool) and gone:
        raise Refused(
            f"{action.agent} did {action.id} itself, and its turn is over", "leave it: deny it (d)"
        )


def _refuse_stranger(state: FleetState, action: ActionState, who: Actor) -> None:
    """Keep out who is no approver, and a requester where two or more must approve."""
    assert state.spec is not None
    approval = state.spec.spec.approval
    approvers = approvers_of(state, action)
    group = approval.chain(action.chain)
    where = state.id if group is None else f"chain {group.name}"
    named = any(map(who.is_called, approvers))
    if not named and (approvers or not who.known):
        raise Forbidden(
            f"{who.name} may not approve in {where}", f"ask {', '.join(approvers) or 'a member'}"
        )
    if who.is_called(requester_of(state, action)):
        others = "somebody else" if action.needs < 2 else f"{action.needs} others"
        raise Forbidden(
            f"{who.name} gave the task that led to {action.id}, and {others} must approve",
            f"ask them, or set self_approval in {'spec.approval' if group is None else where}",
        )


def _always(state: FleetState, action: ActionState, command: Approve, by: str) -> RuleSaved:
    if not action.always:
        raise Refused(f"{action.id} can't be allowed for good", "allow it once")
    scope = action.agent if command.always == "agent" else ""
    return RuleSaved(Names(state).next(), action.always, scope, by)


def withdraw(state: FleetState, command: Withdraw, asked: Asked) -> Outcome:
    """Take an approval back; once the action began that changes nothing, and is on record."""
    by = only_people(asked, "take an approval back")
    action = state.action(command.action)
    if asked.actor.tenant != state.tenant:
        raise NotFound(f"there is no action '{command.action}'")
    given = next((name for name in action.approved_by if asked.actor.is_called(name)), None)
    if given is None:
        raise Refused(f"{by} has not approved {action.id}", "there is nothing to take back")
    return Outcome((ApprovalWithdrawn(action.id, given),), action.status)


def deny(state: FleetState, command: Deny, asked: Asked) -> Outcome:
    by = only_people(asked, "deny")
    failed = failed_agent(state, command.action)
    if failed is not None and asked.actor.known:
        return leave_failed(state, failed, asked)
    action = _answered(state, command.action, command.version, asked)
    if not asked.actor.known:
        _refuse_stranger(state, action, asked.actor)
    return Outcome((ActionDenied(action.id, by, command.reason),))


def edit_action(state: FleetState, command: EditAction, asked: Asked) -> Outcome:
    """Put another argv in place; what it is now asks again, and older answers are void."""
    by = only_people(asked, "edit an action")
    action = _answered(state, command.action, command.version, asked)
    if is_foreign(action.facts.tool):
        raise Refused(
            f"{action.agent} does {action.id} itself, so what it asked for can't be changed",
            "deny it with a reason (D): the agent is told",
        )
    if action.status == "unknown" or not action.facts.argv or command.facts is None:
        raise Refused(f"{action.id} can't be edited", "allow it or deny it")
    edited = ActionProposed(
        action.id, action.turn, action.run, action.agent, action.call, command.facts,
        _digest(state, action.agent, command.facts, command.nonce), command.nonce,
        action.version + 1, f"edited by {by}", action.part,
    )  # fmt: skip
    judged = _judged(state, action.id, action.agent, command.facts, asked)
    if isinstance(judged[0], ActionAllowed):
        judged = [ActionAsked(action.id, f"edited by {by}", 1, action.expires_at)]
    return Outcome((edited, *judged), action.id)


def extend_expiry(state: FleetState, command: ExtendExpiry, asked: Asked) -> Outcome:
    by = only_people(asked, "give more time")
    if command.item in state.ballots:
        return extend_ballot(state, command, asked)
    action = state.action(command.item)
    if action.status != "asking":
        raise Stale(f"{action.id} is {action.status} already")
    return Outcome(
        (ExpiryMoved(action.id, max(action.expires_at, asked.at) + command.seconds, by),)
    )


def withdraw_action(state: FleetState, command: WithdrawAction, _asked: Asked) -> Outcome:
    """Take back what has not begun; what began or is over stays as it is."""
    action = state.action(command.action)
    if action.status not in {"proposed", "asking", "allowed", "approved"}:
        return NOTHING
    return Outcome((ActionDenied(action.id, "fleettui", command.why),))


def expire_action(state: FleetState, command: ExpireAction, asked: Asked) -> Outcome:
    action = state.action(command.action)
    due = action.status == "asking" and action.expires_at and asked.at >= action.expires_at
    return Outcome((ActionExpired(action.id),)) if due else NOTHING


def start_action(state: FleetState, command: StartAction, asked: Asked) -> Outcome:
    """Let an action begin, if it is still the same thing and its approval still holds."""
    action = state.action(command.action)
    if action.status not in {"allowed", "approved"}:
        raise Stale(f"{action.id} is {action.status}")
    if action.status == "approved" and action.expires_at and asked.at >= action.expires_at:
        return Outcome((ActionExpired(action.id),))
    now = _digest(state, action.agent, command.facts, action.nonce)
    if now != action.digest:
        changed = ", ".join(_changes(action.facts, command.facts)) or "the policy"
        reason = f"it is not what was judged any more: {changed} changed"
        return Outcome((ActionDenied(action.id, "fleettui", reason),))
    return Outcome((ActionStarted(action.id),), "started")


def _changes(then: Facts, now: Facts) -> list[str]:
    return [name for name in then.__struct_fields__ if getattr(then, name) != getattr(now, name)]


def finish_action(state: FleetState, command: FinishAction, _asked: Asked) -> Outcome:
    action = state.action(command.action)
    if action.status != "started":
        raise Stale(f"{action.id} is {action.status}")
    result = command.result
    return Outcome((
        ActionFinished(action.id, result.ok, command.output, result.exit_code, result.size),
    ))  # fmt: skip


def lose_action(state: FleetState, command: LoseAction, _asked: Asked) -> Outcome:
    """Mark an action as unknown: a person decides, nothing runs twice."""
    action = state.action(command.action)
    return Outcome((ActionLost(action.id, command.why),)) if action.status == "started" else NOTHING


def revoke_rule(state: FleetState, command: RevokeRule, asked: Asked) -> Outcome:
    by = only_people(asked, "revoke a rule")
    if command.rule not in state.rules:
        raise NotFound(f"there is no rule '{command.rule}'")
    return Outcome((RuleRevoked(command.rule, by),))
