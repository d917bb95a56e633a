"""Rules about messages that wait: held, released, dropped, restored, moved."""

from __future__ import annotations

import pytest

from core.houses import Desk
from fleettui.core.commands import (
    DropMessage,
    HoldMessage,
    MoveAgent,
    MoveMessage,
    ReleaseMessage,
    RestoreMessage,
    ReturnMessage,
    SendMessage,
)
from fleettui.core.errors import NotFound, Stale
from fleettui.core.model import Payload
from fleettui.core.state.snapshot import restore, save


@pytest.fixture
def desk():
    """Give a fleet whose agent a is paused and has three messages: f/1, f/2, f/3 or so."""
    desk = Desk()
    desk.send(MoveAgent("f", "a", "pause"))
    return desk


def sent(desk, count=3):
    for number in range(count):
        desk.send(SendMessage("f", "a", Payload(f"message {number}")))
    return list(desk.state.messages)


def order(desk):
    return desk.state.mailboxes["a"].waiting()


def test_a_held_message_is_passed_over_and_keeps_its_place(desk):
    one, two, three = sent(desk)
    desk.send(HoldMessage("f", two))
    assert order(desk) == [one, three]
    assert desk.state.messages[two].held_by
    desk.send(ReleaseMessage("f", two))
    assert order(desk) == [one, two, three]


def test_an_agent_that_rests_takes_a_message_when_it_is_released(desk):
    (one,) = sent(desk, 1)
    desk.send(HoldMessage("f", one))
    desk.send(MoveAgent("f", "a", "resume"))
    assert desk.state.agents["a"].status == "idle"
    desk.send(ReleaseMessage("f", one))
    assert desk.state.agents["a"].status == "working"


def test_a_dropped_message_comes_back_where_it_stood(desk):
    one, two, three = sent(desk)
    desk.send(HoldMessage("f", three))
    for name in (two, three):
        desk.send(DropMessage("f", name))
    assert order(desk) == [one]
    for name in (three, two, two):
        desk.send(RestoreMessage("f", name))
    assert order(desk) == [one, two]
    desk.send(ReleaseMessage("f", three))
    assert order(desk) == [one, two, three]


def test_a_dead_letter_is_restored_as_one(desk):
    (one,) = sent(desk, 1)
    for _ in range(4):
        desk.send(ReturnMessage("f", one, "no"))
    desk.send(DropMessage("f", one))
    desk.send(RestoreMessage("f", one))
    assert desk.state.messages[one].status == "dead"
    with pytest.raises(Stale, match="dead letter"):
        desk.send(HoldMessage("f", one))


def test_what_was_never_dropped_is_not_restored(desk):
    with pytest.raises(NotFound, match="was not dropped"):
        desk.send(RestoreMessage("f", "f/99"))


def test_messages_are_moved_first_and_last_and_a_snapshot_keeps_their_places(desk):
    one, two, three = sent(desk)
    desk.send(MoveMessage("f", three, "normal", first=True))
    desk.send(MoveMessage("f", one, "normal"))
    desk.send(HoldMessage("f", two))
    again = restore(save(desk.state))
    assert again is not None
    for state in (desk.state, again):
        box = state.mailboxes["a"]
        assert box.waiting() == [three, one]
        box.give_back(two)
        assert box.waiting() == [three, two, one]
