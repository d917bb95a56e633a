"""A snapshot gives exactly the state that folding the events gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.houses import Desk
from fleettui.core.commands import (
    Approve,
    CastVote,
    Deny,
    FinishTurn,
    MakeCheckpoint,
    MoveAgent,
    RecordStep,
    RetryMessage,
    ReturnMessage,
    RollBack,
    SendMessage,
    StartRun,
)
from fleettui.core.errors import FleettuiError
from fleettui.core.model import PRIORITIES, Payload, ToolCall, Usage
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.snapshot import restore, save

NUMBER = st.integers(0, 40)


def do(desk: Desk, what: int, which: int) -> None:  # noqa: C901 one arm a thing
    """Do one of the things that happen to a fleet."""
    state = desk.state
    agent = ("a", "b")[which % 2]
    turn, name = state.agents[agent].turn, f"f/{which}"
    verbs: tuple[Any, ...] = ("pause", "resume", "stop", "start", "restart")
    call = ToolCall("c", "run", {"argv": ["x", 1, None]})
    match what:
        case 0:
            desk.send(StartRun("f", Payload("go")))
        case 1:
            desk.send(SendMessage("f", agent, Payload("hi"), PRIORITIES[which % 4]))
        case 2:
            desk.send(RecordStep("f", turn, which, Payload("ok"), (call,), Usage(1, 2, None)))
        case 3:
            desk.send(CastVote("f", turn, ("approve", "reject")[which % 2], 0.5))
        case 4:
            desk.send(FinishTurn("f", turn, Payload("done")))
        case 5:
            desk.send(MakeCheckpoint("f", agent))
        case 6:
            desk.send(RollBack("f", agent, name))
        case 7:
            desk.send(MoveAgent("f", agent, verbs[which % 5]))
        case 8:
            desk.propose()
        case 9:
            for action in list(state.actions.values()):
                if action.status == "asking":
                    yes = Approve("f", action.id, 1, action.digest, action.nonce)
                    desk.send(yes if which % 2 else Deny("f", action.id, 1, "no"))
        case 10:
            desk.send(ReturnMessage("f", name))
        case _:
            desk.send(RetryMessage("f", name))


def told(state: FleetState) -> dict[str, Any]:
    """Give a state as plain values: mailboxes by the order in which they would be taken."""
    plain = {name: getattr(state, name) for name in FleetState.__slots__ if name != "mailboxes"}
    boxes = {name: box.waiting() for name, box in state.mailboxes.items()}
    return plain | {"mailboxes": boxes}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), NUMBER), max_size=30), st.integers(0, 30))
def test_a_snapshot_and_the_rest_give_what_all_events_give(
    steps: list[tuple[int, int]], cut: int
) -> None:
    whole, halved = Desk(), Desk()
    for place, (what, which) in enumerate(steps):
        for desk in (whole, halved):
            desk.at += 1
            try:
                do(desk, what, which)
            except FleettuiError:
                continue
        if place == cut:
            back = restore(save(halved.state))
            assert back is not None
            halved.state = back
    assert told(halved.state) == told(whole.state)
    again = restore(save(whole.state))
    assert again is not None
    assert told(again) == told(whole.state)


def test_checkpoints_still_share_their_agents_transcript() -> None:
    desk = Desk()
    desk.send(StartRun("f", Payload("go")))
    back = restore(save(desk.state))
    assert back is not None
    agent = back.agents["a"]
    assert all(mark.line is agent.transcript for mark in agent.checkpoints.values())


def test_what_is_no_snapshot_of_this_version_is_none() -> None:
    assert restore(b"{}") is None
    assert restore(b"no json") is None
    assert restore(save(Desk().state).replace(b'"shape":"', b'"shape":"x')) is None


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_damaged_snapshot_is_none_or_a_state_and_nothing_else(data: st.DataObject) -> None:
    desk = Desk()
    desk.send(StartRun("f", Payload("go")))
    body = bytearray(save(desk.state))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                body[place] = data.draw(st.integers(0, 255))
            case 1:
                del body[place : place + data.draw(st.integers(1, 30))]
            case _:
                body[place:place] = data.draw(st.sampled_from([b"0", b"9", b'"', b"{", b"null"]))
    assert isinstance(restore(bytes(body)), FleetState | None)
