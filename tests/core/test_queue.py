"""The mailbox: priority, order, ageing, leases; held against a slow and obvious model."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.queue import MOST_REDELIVERIES, MOST_TRIES, PATIENCE, Mailbox


def filled(words: str) -> Mailbox:
    """Make a mailbox of `n1 l2 c3`: ids that begin with the letter of their priority."""
    letters = {name[0]: name for name in PRIORITIES}
    box = Mailbox()
    for at, word in enumerate(words.split()):
        box.push(word, letters[word[0]], float(at))
    return box


def emptied(box: Mailbox) -> str:
    taken = []
    while (message := box.take(0.0)) is not None:
        taken.append(message)
        box.ack(message)
    return " ".join(taken)


@pytest.mark.parametrize(
    ("pushed", "taken"),
    [
        ("", ""),
        ("n1 n2 n3", "n1 n2 n3"),
        ("l1 n1 h1 c1", "c1 h1 n1 l1"),
        ("n1 c1 n2 c2 n3", "c1 c2 n1 n2 n3"),
    ],
)
def test_the_most_urgent_goes_first_and_within_a_priority_the_oldest(pushed, taken):
    assert emptied(filled(pushed)) == taken


def test_a_leased_message_is_not_given_twice():
    box = filled("n1 n2")
    assert [box.take(0.0), box.take(0.0), box.take(0.0)] == ["n1", "n2", None]
    assert len(box) == 0
    assert "n1" in box


def test_what_is_given_back_stands_where_it_stood_whatever_the_order():
    box = filled("n1 n2 n3 n4")
    taken = [box.take(0.0) for _ in range(3)]
    for message in (taken[1], taken[0], taken[2]):
        box.give_back(message or "")
    assert box.waiting() == ["n1", "n2", "n3", "n4"]
    assert emptied(box) == "n1 n2 n3 n4"


def test_a_lease_that_is_over_is_given_again_in_order():
    box = filled("n1 n2 n3")
    box.take(0.0, 5.0)
    box.take(1.0, 5.0)
    box.keep("n1", 90.0)
    assert box.expired(5.9) == []
    assert box.expire_leases(6.0) == ["n2"]
    assert box.expire_leases(90.0) == ["n1"]
    assert emptied(box) == "n1 n2 n3"


def test_a_message_that_moves_stands_at_the_end_of_its_new_line():
    box = filled("n1 n2 h1")
    box.push("n1", "high", 9.0)
    assert emptied(box) == "h1 n1 n2"


@pytest.mark.parametrize("leased", [True, False])
def test_an_acknowledged_message_never_comes_back(leased):
    box = filled("n1 n2")
    if leased:
        box.take(0.0)
    box.ack("n1")
    box.ack("n1")
    box.give_back("n1")
    assert "n1" not in box
    assert emptied(box) == "n2"


def test_a_given_back_message_can_be_dropped():
    box = filled("n1 n2 n3")
    for message in [box.take(0.0), box.take(0.0)]:
        box.give_back(message or "")
    box.ack("n2")
    assert emptied(box) == "n1 n3"


def test_a_return_that_is_folded_without_its_lease_changes_nothing():
    box = filled("n1 n2")
    box.give_back("n2")
    box.give_back("unknown")
    assert emptied(box) == "n1 n2"


def test_a_message_is_delivered_once_and_redelivered_three_times():
    assert (MOST_REDELIVERIES, MOST_TRIES) == (3, 4)


def test_the_oldest_is_known_for_a_gauge():
    box = filled("n1 c1 l1")
    assert box.oldest() == 0.0
    box.take(0.0)
    box.ack("n1")
    assert box.oldest() == 2.0
    assert Mailbox().oldest() is None


@given(
    st.lists(st.sampled_from(PRIORITIES), min_size=1, max_size=4),
    st.sampled_from(PRIORITIES),
)
def test_every_priority_gets_its_share_under_any_flood(flood, quiet):
    box, served, rounds = Mailbox(), 0, 400
    box.push("quiet 0", quiet, 0.0)
    for number in range(rounds):
        for priority in flood:
            box.push(f"flood {number} {priority} {len(box)}", priority, float(number))
        message = box.take(0.0)
        assert message is not None
        box.ack(message)
        if message.startswith("quiet"):
            served += 1
            box.push(f"quiet {number + 1}", quiet, float(number))
    same = sum(1 for priority in flood if priority == quiet)
    if not same:
        assert served >= rounds * 0.05


@given(st.integers(0, 30))
def test_low_waits_for_at_most_its_patience(before):
    box = Mailbox()
    for number in range(before):
        box.push(f"c{number}", "critical", 0.0)
        assert box.take(0.0) is not None
    box.push("l", "low", 0.0)
    taken: list[str | None] = []
    while "l" not in taken:
        box.push(f"more {len(taken)}", "critical", 0.0)
        taken.append(box.take(0.0))
    assert len(taken) <= PATIENCE["low"] + 1


def test_critical_goes_first_most_of_the_time_when_everything_floods():
    box = Mailbox()
    for number in range(2000):
        for priority in PRIORITIES:
            box.push(f"{priority} {number}", priority, 0.0)
    taken = [(box.take(0.0) or "").split()[0] for _ in range(1700)]
    shares = {priority: taken.count(priority) / len(taken) for priority in PRIORITIES}
    assert shares["critical"] > 0.7
    assert all(shares[priority] >= 0.05 for priority in PRIORITIES)


class MailboxAgainstModel(RuleBasedStateMachine):
    """Any run of operations keeps order, loses nothing and gives nothing twice."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Mailbox()
        self.waiting: dict[str, tuple[int, Priority]] = {}
        self.leased: dict[str, tuple[int, Priority]] = {}
        self.number = 0

    @rule(priority=st.sampled_from(get_args(Priority)))
    def push(self, priority: Priority) -> None:
        self.number += 1
        self.box.push(f"m{self.number}", priority, 0.0)
        self.waiting[f"m{self.number}"] = (self.number, priority)

    @rule()
    def take(self) -> None:
        message = self.box.take(0.0)
        if message is None:
            assert not self.waiting
            return
        number, priority = self.leased[message] = self.waiting.pop(message)
        ahead = [one for one, what in self.waiting.values() if what == priority and one < number]
        assert not ahead

    @precondition(lambda self: self.leased)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.leased)))
        self.box.give_back(message)
        self.waiting[message] = self.leased.pop(message)

    @precondition(lambda self: self.leased or self.waiting)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(sorted(self.leased | self.waiting)))
        self.box.ack(message)
        self.leased.pop(message, None)
        self.waiting.pop(message, None)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), priority=st.sampled_from(get_args(Priority)))
    def move(self, data: st.DataObject, priority: Priority) -> None:
        message = data.draw(st.sampled_from(sorted(self.waiting)))
        self.number += 1
        self.box.push(message, priority, 0.0)
        self.waiting[message] = (self.number, priority)

    @invariant()
    def agree(self) -> None:
        assert len(self.box) == len(self.waiting)
        wanted = sorted(self.waiting, key=self._place)
        assert self.box.waiting() == wanted

    def _place(self, name: str) -> tuple[int, int]:
        number, priority = self.waiting[name]
        return PRIORITIES.index(priority), number


TestMailboxAgainstModel = MailboxAgainstModel.TestCase
TestMailboxAgainstModel.settings = settings(max_examples=40, stateful_step_count=40)
