"""Approvals: who may give one, for exactly what, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.houses import ANN, BOB, TOUCH, Desk
from fleettui.core.commands import Approve, Deny, ExpireAction, LoseAction, StartAction
from fleettui.core.errors import Forbidden, NotFound, Refused, Stale
from fleettui.core.events import (
    ActionApproved,
    ActionDenied,
    ActionExpired,
    ActionStarted,
    AgentMoved,
    ApprovalGiven,
)
from fleettui.core.model import Actor, Operand
from fleettui.core.state.fleet import ActionState

TWO = {"approval": {"require": 2}}


def yes(action: ActionState, **changes: object) -> Approve:
    return replace(Approve("f", action.id, action.version, action.digest, action.nonce), **changes)


def kinds(events: object) -> list[type]:
    return [type(event) for event in events]


def test_what_no_rule_allows_asks_and_its_agent_waits() -> None:
    desk = Desk()
    action = desk.propose()
    assert (action.status, action.needs, action.expires_at) == ("asking", 1, desk.at + 900)
    assert desk.state.agents["a"].status == "waiting"


def test_an_approval_frees_the_agent_and_is_good_for_one_start() -> None:
    desk = Desk()
    action = desk.propose()
    assert kinds(desk.send(yes(action))) == [ActionApproved, AgentMoved]
    assert kinds(desk.send(StartAction("f", action.id, TOUCH))) == [ActionStarted]
    with pytest.raises(Stale):
        desk.send(StartAction("f", action.id, TOUCH))


@pytest.mark.parametrize("changed", [{"version": 2}, {"digest": "0"}, {"nonce": "other"}])
def test_an_answer_to_another_thing_than_was_shown_is_stale(changed: dict[str, object]) -> None:
    desk = Desk()
    with pytest.raises(Stale):
        desk.send(yes(desk.propose(), **changed))


@pytest.mark.parametrize("actor", [Actor("agent", "a"), Actor("system", "fleettui")])
def test_no_agent_and_no_machine_can_approve_or_deny(actor: Actor) -> None:
    desk = Desk()
    action = desk.propose()
    for command in (yes(action), Deny("f", action.id, 1)):
        with pytest.raises(Forbidden):
            desk.send(command, actor)


def test_another_tenants_answer_finds_nothing() -> None:
    desk = Desk()
    with pytest.raises(NotFound):
        desk.send(yes(desk.propose()), Actor("operator", "eve", "globex"))


def test_the_second_of_two_answers_hears_who_was_first() -> None:
    desk = Desk()
    action = desk.propose()
    desk.send(yes(action), ANN)
    with pytest.raises(Stale, match="ann"):
        desk.send(yes(action), BOB)


def test_two_must_approve_one_person_counts_once_and_the_requester_not_at_all() -> None:
    desk = Desk(**TWO)
    action = desk.propose()
    with pytest.raises(Forbidden, match="gave the task"):
        desk.send(yes(action), ANN)
    assert kinds(desk.send(yes(action), BOB)) == [ApprovalGiven]
    with pytest.raises(Refused, match="already"):
        desk.send(yes(action), BOB)
    carol = Actor("operator", "carol")
    assert ActionApproved(action.id, ("bob", "carol")) in desk.send(yes(action), carol)


def test_the_requester_counts_where_the_file_says_so() -> None:
    desk = Desk(approval={"require": 2, "self_approval": True})
    assert kinds(desk.send(yes(desk.propose()), ANN)) == [ApprovalGiven]


def test_only_the_named_approvers_may_approve() -> None:
    desk = Desk(approval={"approvers": ["bob"]})
    action = desk.propose()
    with pytest.raises(Forbidden, match="bob"):
        desk.send(yes(action), ANN)
    assert ActionApproved in kinds(desk.send(yes(action), BOB))


def test_time_that_is_up_means_no_also_for_what_was_approved() -> None:
    desk = Desk()
    first = desk.propose()
    desk.at += 901
    with pytest.raises(Stale):
        desk.send(yes(first))
    assert ActionExpired(first.id) in desk.send(ExpireAction("f", first.id))
    second = desk.propose()
    desk.send(yes(second))
    desk.at += 901
    assert ActionExpired(second.id) in desk.send(StartAction("f", second.id, TOUCH))


def test_wait_means_that_nothing_expires() -> None:
    desk = Desk(approval={"timeout": "wait"})
    action = desk.propose()
    desk.at += 10_000_000
    assert desk.send(ExpireAction("f", action.id)) == []
    assert ActionApproved in kinds(desk.send(yes(action)))


@pytest.mark.parametrize(
    "changed",
    [
        {"argv": ("touch", "y")},
        {"program": "/usr/local/bin/touch"},
        {"program_sha256": "bb"},
        {"cwd": "/elsewhere"},
        {"cwd_inode": "1:2"},
        {"env": {"PATH": "/evil"}},
        {"stdin_sha256": "cc"},
        {"operands": (Operand("script", "dd"),)},
        {"problem": "gone"},
    ],
)
def test_what_changed_since_it_was_approved_is_not_done(changed: dict[str, object]) -> None:
    desk = Desk()
    action = desk.propose()
    desk.send(yes(action))
    events = desk.send(StartAction("f", action.id, replace(TOUCH, **changed)))
    assert ActionStarted not in kinds(events)
    (denied,) = [event for event in events if isinstance(event, ActionDenied)]
    assert next(iter(changed)) in denied.reason


def test_what_destroys_needs_a_second_word() -> None:
    desk = Desk()
    facts = replace(TOUCH, argv=("rm", "-rf", "/data"), program="/usr/bin/rm")
    action = desk.propose(facts)
    with pytest.raises(Refused, match="destroys"):
        desk.send(yes(action))
    assert ActionApproved in kinds(desk.send(yes(action, confirmed=True)))


def test_deny_beats_ask_beats_allow() -> None:
    rules = {"allow": ["touch *"], "require_approval": ["touch y"], "deny": ["touch z"]}
    desk = Desk(policy=rules)
    status = {
        name: desk.propose(replace(TOUCH, argv=("touch", name))).status for name in ("x", "y", "z")
    }
    assert status == {"x": "allowed", "y": "asking", "z": "denied"}


def test_always_is_scoped_to_its_agent_and_saved_from_the_shown_rule() -> None:
    desk = Desk()
    action = desk.propose()
    desk.send(yes(action, always="agent"))
    (rule,) = desk.state.rules.values()
    assert (rule.pattern, rule.agent, rule.by) == (action.always, "a", "ann")
    assert desk.propose().status == "allowed"


def test_an_unknown_action_runs_again_only_when_a_person_says_so() -> None:
    desk = Desk()
    action = desk.propose()
    desk.send(yes(action))
    desk.send(StartAction("f", action.id, TOUCH))
    desk.send(LoseAction("f", action.id, "the process died"))
    assert desk.state.actions[action.id].status == "unknown"
    with pytest.raises(Stale):
        desk.send(StartAction("f", action.id, TOUCH))
    desk.at += 5000
    desk.send(yes(action))
    assert ActionStarted in kinds(desk.send(StartAction("f", action.id, TOUCH)))


@given(st.lists(st.sampled_from(["ann", "bob", "carol", "dave"]), max_size=8), st.integers(1, 4))
def test_it_takes_as_many_different_people_as_the_file_says(people: list[str], need: int) -> None:
    desk = Desk(approval={"require": need, "self_approval": True})
    action = desk.propose()
    for person in people:
        try:
            desk.send(yes(action), Actor("operator", person))
        except Refused:
            continue
    approved = desk.state.actions[action.id].status == "approved"
    assert approved == (len(set(people)) >= need)
