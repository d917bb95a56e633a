"""Approvals against a small model: whatever comes in whatever order, nothing starts unapproved."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from msgspec.structs import replace

from core.houses import ANN, NOW, Desk, spec
from fleettui.core.commands import (
    AdmitFleet,
    Approve,
    Command,
    Deny,
    ExpireAction,
    ExtendExpiry,
    StartAction,
    Withdraw,
)
from fleettui.core.decide.handle import handle
from fleettui.core.errors import FleettuiError
from fleettui.core.events import ActionStarted, AnyEvent
from fleettui.core.model import SYSTEM, Actor, Asked, Facts, Operand
from fleettui.core.state.evolve import evolve
from fleettui.core.state.fleet import FleetState

PEOPLE = ("ann", "bob", "carol", "dan")
RM = Facts("run", {"argv": ["rm", "x"]}, ("rm", "x"), "/bin/rm", "aa", "/ws", "1:2", {"A": "b"})
TOUCH = replace(RM, arguments={"argv": ["touch", "x"]}, argv=("touch", "x"), program="/bin/touch")
SCRIPT = replace(
    RM,
    tool="shell",
    arguments={"script": "ls > x"},
    argv=("bash", "-c", "ls > x"),
    operands=(Operand("/ws/x", "aa"),),
)
MUTATIONS: dict[str, Any] = {
    "argv": ("rm", "y"), "cwd": "/other", "cwd_inode": "1:3", "env": {"A": "c"},
    "program_sha256": "bb", "stdin_sha256": "cc", "operands": (Operand("/ws/x", "bb"),),
    "arguments": {"argv": ["rm", "z"]}, "sandbox": "/usr/bin/bwrap", "tool": "other",
}  # fmt: skip
actions = st.integers(0, 5)
people = st.sampled_from(PEOPLE)


@dataclass
class Wanted:
    """What the model knows of one action."""

    facts: Facts
    asked: bool
    needs: int
    approvers: tuple[str, ...]
    expires: float
    policy: int
    votes: list[str] = field(default_factory=list)
    status: str = "asking"


def approval(**more: Any) -> dict[str, Any]:
    given = {"require": 1, "approvers": [], "timeout": 300}
    chain = {"name": "c", "approvers": ["bob", "carol", "dan"], "require": 2}
    rules = [{"pattern": "rm", "chain": "c"}]
    return {**given, "chains": [chain], "rules": rules, **more}


class Approvals(RuleBasedStateMachine):
    """The rules beside a reference model; both get the same."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = approval()
        self.policy = 0
        self.policies = {json.dumps(self.rules): 0}
        self.wanted: dict[str, Wanted] = {}
        self.started: list[str] = []
        self.events: list[tuple[AnyEvent, float]] = []
        self.desk = Desk(approval=self.rules)
        self.desk.state = FleetState()
        self.desk.send = self.send  # type: ignore[method-assign]  # the same door for what it sends
        self.send(AdmitFleet("f", "f", "/f.yaml", "/ws", spec(approval=self.rules)))

    def send(self, command: Command, actor: Actor = ANN) -> list[AnyEvent]:
        events, self.desk.answer = handle(self.desk.state, command, Asked(actor, self.desk.at))
        self.events += [(copy.deepcopy(event), self.desk.at) for event in events]
        self.started += [event.action for event in events if isinstance(event, ActionStarted)]
        return events

    def refused(self, command: Command, actor: Actor) -> bool:
        try:
            self.send(command, actor)
        except FleettuiError:
            return True
        return False

    def chosen(self, number: int) -> tuple[str, Wanted] | None:
        names = list(self.wanted)
        return (
            (names[number % len(names)], self.wanted[names[number % len(names)]]) if names else None
        )

    def needs(self, facts: Facts) -> tuple[int, tuple[str, ...]]:
        """Say by the file, in the plainest way, how many must approve and who."""
        if facts.argv[:1] == ("rm",):
            chain = self.rules["chains"][0]
            return chain["require"], tuple(chain["approvers"])
        return self.rules["require"], tuple(self.rules["approvers"])

    @rule(facts=st.sampled_from([RM, TOUCH, SCRIPT]))
    def request(self, facts: Facts) -> None:
        if len(self.wanted) >= 6:
            return
        action = self.desk.propose(facts)
        needs, approvers = self.needs(facts)
        assert (action.status, action.needs) == ("asking", needs)
        expires = self.desk.at + self.rules["timeout"]
        self.wanted[action.id] = Wanted(facts, True, needs, approvers, expires, self.policy)

    @rule(number=actions, by=people)
    def vote(self, number: int, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        action = self.desk.state.actions[name]
        made = Approve("f", name, action.version, action.digest, action.nonce, confirmed=True)
        # "unknown" is answered too: there a person lets it run again.
        good = (
            one.status == "asking"
            and self.desk.at < one.expires
            and by not in one.votes
            and (not one.approvers or by in one.approvers)
            and not (by == "ann" and one.needs > 1)
        )
        assert self.refused(made, Actor("operator", by)) is not good
        if good:
            one.votes.append(by)
            if len(one.votes) >= one.needs:
                one.status = "approved"

    @rule(number=actions, by=people)
    def unvote(self, number: int, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        good = by in one.votes
        assert self.refused(Withdraw("f", name), Actor("operator", by)) is not good
        if good and one.status == "asking":
            one.votes.remove(by)

    @rule(number=actions, by=people)
    def deny(self, number: int, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        action = self.desk.state.actions[name]
        good = one.status == "asking"
        assert self.refused(Deny("f", name, action.version), Actor("operator", by)) is not good
        one.status = "denied" if good else one.status

    @rule(number=actions, other=st.sampled_from(["digest", "nonce", "version"]), by=people)
    def vote_for_another_thing(self, number: int, other: str, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        action = self.desk.state.actions[found[0]]
        made = Approve("f", found[0], action.version, action.digest, action.nonce, confirmed=True)
        wrong = replace(made, **{other: 99 if other == "version" else "0"})
        assert self.refused(wrong, Actor("operator", by))

    @rule(
        number=actions, actor=st.sampled_from([SYSTEM, Actor("agent", "a"), Actor("agent", "bob")])
    )
    def vote_of_no_person(self, number: int, actor: Actor) -> None:
        if (found := self.chosen(number)) is None:
            return
        action = self.desk.state.actions[found[0]]
        made = Approve("f", found[0], action.version, action.digest, action.nonce, confirmed=True)
        assert self.refused(made, actor)

    @rule(number=actions, by=people)
    def vote_of_another_tenant(self, number: int, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        action = self.desk.state.actions[found[0]]
        made = Approve("f", found[0], action.version, action.digest, action.nonce, confirmed=True)
        assert self.refused(made, Actor("operator", by, "globex"))

    @rule(seconds=st.sampled_from([1.0, 60.0, 299.0, 301.0, -50.0]))
    def time_passes(self, seconds: float) -> None:
        self.desk.at = max(self.desk.at + seconds, NOW)

    @rule(number=actions)
    def expire(self, number: int) -> None:
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        self.send(ExpireAction("f", name), SYSTEM)
        if one.status == "asking" and self.desk.at >= one.expires:
            one.status = "expired"

    @rule(number=actions, by=people)
    def more_time(self, number: int, by: str) -> None:
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        good = one.status == "asking"
        assert self.refused(ExtendExpiry("f", name, 100.0), Actor("operator", by)) is not good
        if good:
            one.expires = max(one.expires, self.desk.at) + 100.0

    @rule(
        require=st.sampled_from([1, 2]),
        chain=st.sampled_from([["bob", "carol", "dan"], ["bob", "carol"], ["carol", "dan"]]),
        approvers=st.sampled_from([[], ["bob", "carol"], ["ann", "dan"]]),
    )
    def edit_policy(self, require: int, chain: list[str], approvers: list[str]) -> None:
        fresh = approval(require=require, approvers=approvers)
        fresh["chains"] = [{"name": "c", "approvers": chain, "require": 2}]
        if fresh == self.rules:
            return
        self.rules = fresh
        # Rules are known by what they say: the ones that hold again are the ones of before.
        self.policy = self.policies.setdefault(json.dumps(fresh), len(self.policies))
        self.send(
            AdmitFleet("f", "f", "/f.yaml", "/ws", spec(approval=fresh)), Actor("operator", "ann")
        )
        for one in self.wanted.values():
            if one.status == "asking":
                one.needs, one.approvers = self.needs(one.facts)
                one.expires = self.desk.at + self.rules["timeout"]
                one.votes, one.policy = [], self.policy

    @rule()
    def restart(self) -> None:
        """Fold the stored events again: the same state comes out."""
        state = FleetState()
        for event, at in self.events:
            evolve(state, copy.deepcopy(event), at)
        assert {name: one.status for name, one in state.actions.items()} == {
            name: one.status for name, one in self.desk.state.actions.items()
        }
        self.desk.state = state

    @rule(number=actions, changed=st.sampled_from(["", "", *MUTATIONS]))
    def execute(self, number: int, changed: str) -> None:
        """Begin it, as it was approved or as something else; also again and again."""
        if (found := self.chosen(number)) is None:
            return
        name, one = found
        now = replace(one.facts, **{changed: MUTATIONS[changed]}) if changed else one.facts
        before = len(self.started)
        self.refused(StartAction("f", name, now), SYSTEM)
        may = one.status == "approved" and self.desk.at < one.expires
        same = now == one.facts and one.policy == self.policy
        assert (len(self.started) > before) == (may and same), (one, changed)
        if one.status == "approved":
            one.status = "started" if may and same else "expired" if not may else "denied"

    @precondition(lambda self: self.wanted)
    @invariant()
    def agrees(self) -> None:
        for name, one in self.wanted.items():
            action = self.desk.state.actions[name]
            assert action.status == one.status, (name, one, action)
            assert list(action.approved_by) == one.votes or one.status == "denied"
        assert len(self.started) == len(set(self.started)), "started twice"


def machine(runs: int) -> None:
    run_machine(
        Approvals,
        settings=settings(
            max_examples=runs,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_order_of_things_starts_what_was_not_approved() -> None:
    machine(500)


@pytest.mark.torture
def test_five_thousand_lives_of_approvals() -> None:
    machine(5_000)
