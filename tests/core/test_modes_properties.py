"""Whatever comes in whatever order: a run of any mode ends once, and its state is its events."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.houses import ANN, Desk
from core.test_snapshot import told
from fleettui.core.commands import (
    CastVote,
    CloseBallot,
    FailTurn,
    FinishTurn,
    HoldRun,
    MoveAgent,
    ReleaseRun,
    RetryTurn,
    StartRun,
    WakeRun,
)
from fleettui.core.errors import FleettuiError
from fleettui.core.events import AnyEvent, BallotClosed, RunFinished
from fleettui.core.model import Actor, Item, Payload, Plan
from fleettui.core.state.snapshot import restore, save

MAJORITY = {"consensus": {"algorithm": "majority", "timeout_ms": 60_000}}
VERDICTS = ("approve", "reject")


def agent(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "spec": {"model": "openai:m", "tools": ["submit_result"]}, **more}


THREE = [agent("a"), agent("b"), agent("c")]
MODES: dict[str, dict[str, Any]] = {
    "peer": {"entries": THREE, "coordination": {"mode": "peer", **MAJORITY}},
    "hierarchical": {
        "entries": [agent("a", role="manager"), *THREE[1:]],
        "coordination": {"mode": "hierarchical"},
    },
    "pipeline": {
        "entries": [agent("a"), agent("b", role="validator"), agent("c")],
        "coordination": {"mode": "pipeline"},
    },
    "swarm": {"entries": [agent("a", replicas=3)], "coordination": {"mode": "swarm"}},
    "tiered": {
        "entries": [agent("a", tier=1), agent("b", tier=1), agent("c", tier=2)],
        "coordination": {"mode": "tiered", **MAJORITY},
    },
    "deep": {"entries": THREE[:2], "coordination": {"mode": "deep"}},
    "workflow": {
        "entries": THREE,
        "coordination": {"mode": "workflow"},
        "workflow": {
            "steps": [
                {"name": "x", "agent": "a"},
                {"name": "y", "agent": "b", "retries": 1},
                {"name": "z", "agent": "c", "needs": ["x", "y"]},
            ]
        },
    },
}


class Played(Desk):
    """A desk that keeps its events, and does what a number says to what goes on."""

    def __init__(self, **more: Any) -> None:
        self.events: list[AnyEvent] = []
        super().__init__(**more)

    def send(self, command: Any, actor: Actor = ANN) -> list[AnyEvent]:
        events = super().send(command, actor)
        self.events += events
        return events

    def attempt(self, command: Any) -> None:
        """Send what may come too late."""
        try:
            self.send(command)
        except FleettuiError:
            return

    @property
    def turns(self) -> list[str]:
        return [turn.id for turn in self.state.turns.values() if turn.status == "open"]

    def finish(self, turn: str, which: int) -> None:
        who = self.state.turns[turn].agent
        if self.state.turns[turn].ballot:
            self.attempt(CastVote("f", turn, VERDICTS[which % 2], 0.5))
        plan = Plan(("one", "two")) if which % 3 else Plan((), True)
        back = "not enough" if which % 5 == 0 else ""
        self.attempt(FinishTurn("f", turn, Payload(f"{who} said"), plan=plan, sent_back=back))

    def move(self, what: int, which: int) -> None:
        """Let one thing happen."""
        self.at += 1
        open_turns = self.turns
        turn = open_turns[which % len(open_turns)] if open_turns else "f/0"
        names = list(self.state.agents)
        name = names[which % len(names)]
        match what:
            case 0 | 1 | 2 | 3:
                if open_turns:
                    self.finish(turn, which)
            case 4:
                self.attempt(FailTurn("f", turn, "the model is gone"))
            case 5:
                self.attempt(FailTurn("f", turn, "busy", retryable=True))
            case 6:
                self.attempt(MoveAgent("f", name, "pause" if which % 2 else "resume"))
            case 7:
                self.attempt(HoldRun("f", "f/1") if which % 2 else ReleaseRun("f", "f/1"))
            case 8:
                self.attempt(MoveAgent("f", name, "stop" if which % 3 == 0 else "restart"))
            case _:
                self.go_on()

    def go_on(self) -> None:
        """Let an hour pass, with all that falls due in it."""
        self.at += 3600
        for turn in list(self.state.turns.values()):
            if turn.status == "retrying":
                self.attempt(RetryTurn("f", turn.id))
        for ballot in list(self.state.ballots.values()):
            if ballot.verdict is None:
                self.attempt(CloseBallot("f", ballot.id))
        self.attempt(WakeRun("f", "f/1"))

    def drain(self) -> None:
        """Let everybody work until the run is over."""
        for _ in range(60):
            if self.state.runs["f/1"].status != "running":
                return
            self.attempt(ReleaseRun("f", "f/1"))
            for name in self.state.agents:
                self.attempt(MoveAgent("f", name, "resume"))
            for turn in self.turns:
                self.finish(turn, 3)
            self.go_on()


def played(mode: str, moves: list[tuple[int, int]]) -> Played:
    desk = Played(**MODES[mode])
    items = tuple(Item(Payload(f"Item {number}")) for number in range(4))
    desk.send(StartRun("f", Payload("go"), items=items if mode == "swarm" else ()))
    for what, which in moves:
        desk.move(what, which)
    return desk


MOVES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=25)


@pytest.mark.parametrize("mode", list(MODES))
@settings(max_examples=60, deadline=None)
@given(moves=MOVES)
def test_a_run_ends_exactly_once_and_leaves_nothing_going(
    mode: str, moves: list[tuple[int, int]]
) -> None:
    desk = played(mode, moves)
    desk.drain()
    run = desk.state.runs["f/1"]
    assert run.status != "running", [(part.name, part.status) for part in run.parts.values()]
    assert sum(isinstance(event, RunFinished) for event in desk.events) == 1
    assert not [name for name in run.turns if desk.state.turns[name].status in {"open", "retrying"}]
    closed = Counter(event.ballot for event in desk.events if isinstance(event, BallotClosed))
    assert all(count == 1 for count in closed.values())
    later = len(desk.events)
    for turn in run.turns:
        desk.attempt(CastVote("f", turn, "approve", 0.5))
        desk.attempt(FinishTurn("f", turn, Payload("late")))
    assert not any(isinstance(event, RunFinished | BallotClosed) for event in desk.events[later:])


@pytest.mark.parametrize("mode", list(MODES))
@settings(max_examples=40, deadline=None)
@given(moves=MOVES)
def test_a_snapshot_in_the_middle_gives_the_same_state(
    mode: str, moves: list[tuple[int, int]]
) -> None:
    desk = played(mode, moves)
    back = restore(save(desk.state))
    assert back is not None
    assert told(back) == told(desk.state)


@pytest.mark.parametrize("mode", ["peer", "tiered"])
@settings(max_examples=60, deadline=None)
@given(votes=st.lists(st.sampled_from(VERDICTS), min_size=3, max_size=3), data=st.data())
def test_the_order_in_which_agents_come_changes_no_verdict(
    mode: str, votes: list[str], data: st.DataObject
) -> None:
    def verdict(order: list[str]) -> Any:
        desk = Played(**MODES[mode])
        desk.send(StartRun("f", Payload("go")))
        for _ in range(2):
            for name in order:
                turn = desk.state.agents[name].turn
                if turn:
                    desk.attempt(CastVote("f", turn, votes["abc".index(name)], 0.5))
                    desk.attempt(FinishTurn("f", turn, Payload(name)))
        run = desk.state.runs["f/1"]
        ballot = desk.state.ballots.get(run.ballot)
        return run.status, ballot and ballot.verdict and ballot.verdict.verdict

    order = data.draw(st.permutations("abc"))
    assert verdict(list(order)) == verdict(list("abc"))
