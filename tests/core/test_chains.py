"""Approval chains in a fleet: how many must approve, who, and what a changed file does to them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from core.houses import ANN, BOB, Desk, spec
from fleettui.core.commands import AdmitFleet, Approve, StartAction, StartRun, Withdraw
from fleettui.core.errors import Forbidden, NotFound, Refused, Stale
from fleettui.core.events import (
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionProposed,
    ActionStarted,
    AnyEvent,
    ApprovalGiven,
    ApprovalWithdrawn,
    TroubleNoted,
)
from fleettui.core.model import Actor, Facts, Payload
from fleettui.core.state.fleet import ActionState
from fleettui.core.views.inbox import inbox_rows

CAROL, DAN = Actor("operator", "carol"), Actor("operator", "dan")
CHAINS = {
    "require_for": ["helm uninstall"],
    "chains": [
        {"name": "standard", "approvers": ["ann", "bob"], "require": 1},
        {"name": "critical", "approvers": ["ann", "bob", "carol"], "require": 2},
        {"name": "own", "approvers": ["ann", "dan"], "require": 2, "self_approval": True},
    ],
    "rules": [
        {"pattern": "kubectl delete namespace", "chain": "critical"},
        {"pattern": "kubectl delete", "chain": "standard"},
        {"pattern": "terraform destroy", "chain": "own"},
    ],
}


def facts(*argv: str) -> Facts:
    return Facts("run", {"argv": list(argv)}, argv, f"/usr/bin/{argv[0]}", "aa", "/ws")


def shell(script: str) -> Facts:
    return Facts("shell", {"script": script}, ("bash", "-c", script), "/usr/bin/bash", "aa", "/ws")


def yes(action: ActionState, **changes: Any) -> Approve:
    made = Approve("f", action.id, action.version, action.digest, action.nonce, confirmed=True)
    return replace(made, **changes)


def reload(desk: Desk, **more: Any) -> list[AnyEvent]:
    """Open the changed file again."""
    return desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", spec(**more)))


def desk() -> Desk:
    return Desk(approval=CHAINS)


@pytest.mark.parametrize(
    ("what", "chain", "needs"),
    [
        (facts("kubectl", "delete", "pod", "x"), "standard", 1),
        (facts("kubectl", "-n", "x", "delete", "ns/y"), "critical", 2),
        (facts("env", "A=1", "kubectl", "delete", "ns", "y"), "critical", 2),
        (shell("kubectl delete pod a; kubectl delete ns b"), "critical", 2),
        (shell("for x in a; do kubectl delete ns $x; done"), "critical", 2),
        (facts("helm", "un", "web"), "", 1),
        (facts("touch", "x"), "", 1),
    ],
)
def test_the_strictest_chain_of_all_parts_decides(what: Facts, chain: str, needs: int) -> None:
    action = desk().propose(what)
    assert (action.status, action.chain, action.needs) == ("asking", chain, needs)


def test_the_usual_number_counts_where_it_is_stricter_than_a_chain() -> None:
    one = Desk(approval={**CHAINS, "require": 3})
    assert one.propose(facts("kubectl", "delete", "pod", "x")).needs == 1
    assert one.propose(facts("sudo", "kubectl", "delete", "pod", "x")).needs == 3


def test_only_the_people_of_the_chain_count_and_the_requester_does_not() -> None:
    one = desk()
    action = one.propose(facts("kubectl", "delete", "ns", "x"))
    with pytest.raises(Forbidden, match="chain critical"):
        one.send(yes(action), DAN)
    with pytest.raises(Forbidden, match="gave the task"):
        one.send(yes(action), ANN)
    assert ApprovalGiven(action.id, "bob") in one.send(yes(action), BOB)
    assert ActionApproved(action.id, ("bob", "carol")) in one.send(yes(action), CAROL)


def test_a_chain_of_one_takes_the_requester_and_one_may_say_so_for_two() -> None:
    one = desk()
    pod = one.propose(facts("kubectl", "delete", "pod", "x"))
    assert ActionApproved(pod.id, ("ann",)) in one.send(yes(pod), ANN)
    plan = one.propose(facts("terraform", "destroy"))
    assert ApprovalGiven(plan.id, "ann") in one.send(yes(plan), ANN)
    assert ActionApproved(plan.id, ("ann", "dan")) in one.send(yes(plan), DAN)


def test_the_inbox_says_chain_people_and_who_does_not_count() -> None:
    one = desk()
    one.propose(facts("kubectl", "delete", "ns", "x"))
    (row,) = inbox_rows(one.state)
    assert (row.chain, row.needs, row.approvers, row.requester) == (
        "critical",
        2,
        ("ann", "bob", "carol"),
        "ann",
    )


def test_an_approval_taken_back_does_not_count() -> None:
    one = desk()
    action = one.propose(facts("kubectl", "delete", "ns", "x"))
    one.send(yes(action), BOB)
    assert one.send(Withdraw("f", action.id), BOB) == [ApprovalWithdrawn(action.id, "bob")]
    assert action.approved_by == ()
    assert ApprovalGiven(action.id, "carol") in one.send(yes(action), CAROL)
    assert ActionApproved(action.id, ("carol", "bob")) in one.send(yes(action), BOB)
    with pytest.raises(Refused, match="has not approved"):
        one.send(Withdraw("f", action.id), ANN)
    with pytest.raises(NotFound):
        one.send(Withdraw("f", action.id), Actor("operator", "bob", "globex"))
    with pytest.raises(Forbidden):
        one.send(Withdraw("f", action.id), Actor("agent", "a"))


def test_after_the_start_it_changes_nothing_and_is_on_record() -> None:
    one = desk()
    what = facts("kubectl", "delete", "pod", "x")
    action = one.propose(what)
    one.send(yes(action), BOB)
    assert ActionStarted(action.id) in one.send(StartAction("f", action.id, what))
    assert one.send(Withdraw("f", action.id), BOB) == [ApprovalWithdrawn(action.id, "bob")]
    assert (action.status, action.approved_by) == ("started", ("bob",))
    assert "too late" in one.state.agents["a"].log[-1].text


def test_stricter_rules_hold_at_once_for_what_waits_and_void_older_answers() -> None:
    one = Desk(approval={"require": 1})
    action = one.propose()
    old = yes(action)
    one.send(StartRun("f", Payload("go"))) if one.state.running() is None else None
    events = reload(one, approval={"require": 2})
    assert [type(event) for event in events][1:3] == [ActionProposed, ActionAsked]
    action = one.state.actions[action.id]
    assert (action.status, action.needs, action.version) == ("asking", 2, 2)
    with pytest.raises(Stale):
        one.send(old, BOB)


def test_a_removed_approver_and_an_older_vote_do_not_count() -> None:
    one = desk()
    action = one.propose(facts("kubectl", "delete", "ns", "x"))
    one.send(yes(action), BOB)
    fewer = {**CHAINS, "chains": [*CHAINS["chains"]]}
    fewer["chains"][1] = {"name": "critical", "approvers": ["ann", "carol"], "require": 2}
    reload(one, approval=fewer)
    action = one.state.actions[action.id]
    assert (action.status, action.approved_by) == ("asking", ())
    with pytest.raises(Forbidden):
        one.send(yes(action), BOB)


def test_a_new_deny_ends_what_waits_and_a_new_allow_does_not_run_it() -> None:
    one = Desk()
    action = one.propose()
    reload(one, policy={"allow": ["touch x"]})
    assert one.state.actions[action.id].status == "asking"
    events = reload(one, policy={"deny": ["touch"]})
    assert any(isinstance(event, ActionDenied) for event in events)
    assert one.state.actions[action.id].status == "denied"


def test_the_rest_of_a_changed_file_waits_for_the_run() -> None:
    one = Desk()
    one.propose()
    events = reload(one, agents=("a", "b", "c"), approval={"require": 2})
    assert any(isinstance(event, TroubleNoted) for event in events)
    assert "c" not in one.state.agents
    assert one.state.spec is not None
    assert one.state.spec.spec.approval.require == 2
    assert reload(one, agents=("a", "b"), approval={"require": 2}) == []


def test_what_was_approved_under_other_rules_is_not_done() -> None:
    one = Desk()
    what = facts("touch", "x")
    action = one.propose(what)
    one.send(yes(action), BOB)
    reload(one, policy={"require_approval": ["touch"]})
    (denied, *_) = one.send(StartAction("f", action.id, what))
    assert isinstance(denied, ActionDenied)
    assert "the policy changed" in denied.reason
