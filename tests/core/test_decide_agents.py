"""Agents and runs: pausing, rolling back and forth, stopping and coming back."""

from __future__ import annotations

import pytest

from core.houses import ANN, BOB, Desk, spec
from fleettui.core.commands import (
    AdmitFleet,
    AwaitSettings,
    CancelRun,
    CastVote,
    CloseBallot,
    FinishTurn,
    MakeCheckpoint,
    MoveAgent,
    OverrideBallot,
    RecordStep,
    RollBack,
    SendMessage,
    StartRun,
    StopFleet,
    TakeSettings,
)
from fleettui.core.errors import IllegalMove, NotFound, Refused
from fleettui.core.events import FleetStopped, RunFinished
from fleettui.core.model import Actor, Payload
from fleettui.core.views.agents import rollback_preview

SYSTEM = Actor("system", "turns")


def started(**more: object) -> Desk:
    desk = Desk(**more)
    desk.send(StartRun("f", Payload("go")))
    return desk


def vote(desk: Desk, agent: str, verdict: str, confidence: float = 0.9) -> None:
    turn = desk.state.agents[agent].turn
    desk.send(CastVote("f", turn, verdict, confidence, "because"))
    desk.send(FinishTurn("f", turn, Payload("done")))


def status_of(desk: Desk) -> str:
    return next(reversed(desk.state.runs.values())).status


def test_a_verdict_ends_the_run_and_a_tie_asks_a_person() -> None:
    agreed = started()
    vote(agreed, "a", "approve")
    vote(agreed, "b", "approve")
    assert status_of(agreed) == "finished"
    tied = started()
    vote(tied, "a", "approve")
    vote(tied, "b", "reject")
    assert status_of(tied) == "not_reached"
    ballot = next(iter(tied.state.ballots))
    tied.send(OverrideBallot("f", ballot, "reject", "too risky"), BOB)
    assert status_of(tied) == "finished"
    assert tied.state.ballots[ballot].verdict.verdict == "reject"
    with pytest.raises(Refused, match="bob"):
        tied.send(OverrideBallot("f", ballot, "approve", "no"), ANN)


def test_who_never_votes_is_asked_once_more_and_then_abstains() -> None:
    desk = started()
    turn = desk.state.agents["a"].turn
    desk.send(FinishTurn("f", turn, Payload("hm")))
    assert desk.state.turns[turn].status == "open"
    desk.send(FinishTurn("f", turn, Payload("hm")))
    ballot = next(iter(desk.state.ballots.values()))
    assert ballot.votes["a"].state == "abstained"


def test_a_ballot_closes_in_time_unless_a_person_holds_a_voter_back() -> None:
    desk = started()
    ballot = next(iter(desk.state.ballots.values()))
    desk.send(MoveAgent("f", "b", "pause"))
    vote(desk, "a", "approve")
    desk.at = ballot.ends_at
    desk.send(CloseBallot("f", ballot.id))
    assert ballot.verdict is None
    assert ballot.ends_at > desk.at
    desk.send(MoveAgent("f", "b", "resume"))
    desk.at = ballot.ends_at
    desk.send(CloseBallot("f", ballot.id))
    assert ballot.votes["b"].state == "late"
    assert status_of(desk) == "finished"


def test_a_rollback_gives_the_transcript_of_the_checkpoint_and_can_be_undone() -> None:
    desk = started()
    turn = desk.state.agents["a"].turn
    desk.send(RecordStep("f", turn, 1, Payload("one")))
    before = list(desk.state.agents["a"].transcript)
    desk.send(MakeCheckpoint("f", "a"))
    mark = desk.answer
    desk.send(RecordStep("f", turn, 2, Payload("two")))
    after = list(desk.state.agents["a"].transcript)
    desk.send(RollBack("f", "a", mark))
    undo = desk.answer
    assert desk.state.agents["a"].transcript[: len(before)] == before
    assert desk.state.turns[turn].status == "cancelled"
    assert desk.state.agents["a"].turn not in {"", turn}, "its turn began again"
    desk.send(RollBack("f", "a", undo))
    assert desk.state.agents["a"].transcript[: len(after)] == after


def test_a_rollback_voids_what_waits_reopens_the_vote_and_keeps_the_mail() -> None:
    desk = Desk()
    action = desk.propose()
    desk.send(SendMessage("f", "a", Payload("hello")))
    mark = next(iter(desk.state.agents["a"].checkpoints))
    agent = desk.state.agents["a"]
    shown = rollback_preview(desk.state, agent, agent.checkpoints[mark])
    assert len(shown.approvals) == 1
    assert len(shown.messages) == 1
    desk.send(RollBack("f", "a", mark))
    assert desk.state.actions[action.id].status == "denied"
    assert len(desk.state.mailboxes["a"]) == 1


def test_moves_that_make_no_sense_say_what_would() -> None:
    desk = Desk()
    with pytest.raises(IllegalMove, match="can be"):
        desk.send(MoveAgent("f", "a", "resume"))
    with pytest.raises(NotFound, match="there are: a, b"):
        desk.send(MoveAgent("f", "nobody", "pause"))


def test_a_paused_agent_joins_a_run_and_waits() -> None:
    desk = Desk()
    desk.send(MoveAgent("f", "a", "pause"))
    desk.send(StartRun("f", Payload("go")))
    assert desk.state.agents["a"].status == "paused"
    assert desk.state.agents["a"].turn
    desk.send(MoveAgent("f", "a", "resume"))
    assert desk.state.agents["a"].status == "working"


def test_one_run_at_a_time_and_a_cancelled_one_leaves_everybody_idle() -> None:
    desk = started()
    with pytest.raises(Refused, match="still going on"):
        desk.send(StartRun("f", Payload("again")))
    desk.send(CancelRun("f", desk.state.running().id))
    assert {agent.status for agent in desk.state.agents.values()} == {"idle"}


def test_a_stopped_fleet_comes_back_when_its_file_is_opened_again() -> None:
    desk = started()
    assert FleetStopped in {type(event) for event in desk.send(StopFleet("f"))}
    assert RunFinished not in {type(event) for event in desk.send(StopFleet("f"))}
    with pytest.raises(Refused, match="stopped"):
        desk.send(StartRun("f", Payload("go")))
    desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", spec()))
    assert {agent.status for agent in desk.state.agents.values()} == {"idle"}


def test_a_changed_file_adds_and_removes_agents() -> None:
    desk = Desk()
    desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", spec(("a", "c"))))
    assert list(desk.state.agents) == ["a", "c"]


def test_an_agent_whose_settings_came_does_not_go_on_saying_that_it_waits_for_them():
    desk = started()
    agent = desk.state.agents["a"]
    turn = agent.turn
    desk.send(AwaitSettings("f", turn), SYSTEM)
    assert agent.status == "waiting"
    assert "waits for its fleet file" in agent.trouble
    desk.send(TakeSettings("f", turn), SYSTEM)
    assert (agent.status, agent.trouble) == ("working", "")
