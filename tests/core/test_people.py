"""One person is one approver, whatever platforms call them; a stranger counts where named."""

from __future__ import annotations

from typing import Any

import pytest
from tests.core.houses import TOUCH, Desk, spec

from fleettui.core.commands import AdmitFleet, Approve, Deny, StartRun, Withdraw
from fleettui.core.errors import Forbidden, Refused
from fleettui.core.model import Actor, Payload
from fleettui.core.state.fleet import ActionState

ADA = Actor("operator", "ada", also=("slack:U1", "U1", "telegram:4711", "4711"))
EVE = Actor("operator", "eve", also=("slack:U2", "U2"))
# Vouched for by a platform only.
STRANGER = Actor("operator", "slack:U9", role="approver", also=("U9",), known=False)


def yes(action: ActionState) -> Approve:
    return Approve("f", action.id, action.version, action.digest, action.nonce)


def asking(**approval: Any) -> tuple[Desk, ActionState]:
    """Let agent a ask to run `touch x`, for a task of ann's."""
    desk = Desk(approval={"chains": [], **approval})
    return desk, desk.propose(TOUCH)


def chain(*approvers: str, require: int, **more: Any) -> dict[str, Any]:
    return {
        "chains": [{"name": "sre", "approvers": list(approvers), "require": require, **more}],
        "rules": [{"pattern": "touch", "chain": "sre"}],
    }


def test_an_identity_of_a_platform_is_a_name_of_its_person() -> None:
    desk, action = asking(approvers=["U1"])
    desk.send(yes(action), ADA)
    assert (action.status, action.approved_by) == ("approved", ("ada",))


def test_two_identities_of_one_person_are_one_approval() -> None:
    desk, action = asking(**chain("U1", "4711", "U2", require=2))
    desk.send(yes(action), ADA)
    with pytest.raises(Refused, match="has approved"):
        desk.send(yes(action), ADA)
    assert action.status == "asking"
    desk.send(yes(action), EVE)
    assert (action.status, action.approved_by) == ("approved", ("ada", "eve"))


def test_who_became_a_member_meanwhile_is_still_the_same_person() -> None:
    desk, action = asking(**chain("U1", "U2", require=2))
    stranger = Actor("operator", "slack:U1", role="approver", also=("U1",), known=False)
    desk.send(yes(action), stranger)
    with pytest.raises(Refused, match="has approved"):
        desk.send(yes(action), ADA)
    desk.send(Withdraw("f", action.id), ADA)
    assert action.approved_by == ()


def test_who_asked_by_one_identity_does_not_approve_by_another() -> None:
    desk = Desk(approval=chain("U1", "U2", "U3", require=2))
    desk.send(StartRun("f", Payload("go")), Actor("operator", "slack:U1"))
    action = desk.propose(TOUCH)
    with pytest.raises(Forbidden, match="gave the task"):
        desk.send(yes(action), ADA)


@pytest.mark.parametrize(
    ("more", "may"),
    [({}, True), ({"self_approval": True}, True), ({"self_approval": False}, False)],
)
def test_a_chain_of_one_counts_who_asked_unless_it_says_no(
    more: dict[str, Any], *, may: bool
) -> None:
    desk, action = asking(**chain("ann", require=1, **more))
    if may:
        desk.send(yes(action))
        assert action.status == "approved"
    else:
        with pytest.raises(Forbidden, match="somebody else must"):
            desk.send(yes(action))


def test_a_stranger_counts_only_where_a_rule_names_them() -> None:
    desk, action = asking()
    for command in (yes(action), Deny("f", action.id, action.version)):
        with pytest.raises(Forbidden):
            desk.send(command, STRANGER)
    desk, action = asking(approvers=["U9"])
    desk.send(yes(action), STRANGER)
    assert action.approved_by == ("slack:U9",)
    with pytest.raises(Forbidden, match="no member"):
        desk.send(StartRun("f", Payload("go")), STRANGER)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_approve_in_the_tenant_may_not_where_a_file_names_them(role: Any) -> None:
    desk, action = asking(approvers=["bob"])
    with pytest.raises(Forbidden, match=f"bob is {role}"):
        desk.send(yes(action), Actor("operator", "bob", role=role))


@pytest.mark.parametrize(
    ("more", "may"),
    [({}, True), ({"self_approval": True}, True), ({"self_approval": False}, False)],
)
def test_without_a_chain_who_asked_counts_unless_it_says_no(
    more: dict[str, Any], *, may: bool
) -> None:
    desk, action = asking(approvers=["ann"], **more)
    if may:
        desk.send(yes(action))
        assert action.status == "approved"
    else:
        with pytest.raises(Forbidden, match="somebody else must"):
            desk.send(yes(action))


def test_a_file_that_begins_to_say_no_is_taken_over() -> None:
    desk, action = asking(approvers=["ann"])
    desk.send(
        AdmitFleet("f", "f", "/f.yaml", "/ws", spec(approval={
            "chains": [], "approvers": ["ann"], "self_approval": False,
        }))
    )  # fmt: skip
    with pytest.raises(Forbidden, match="somebody else must"):
        desk.send(yes(action))
