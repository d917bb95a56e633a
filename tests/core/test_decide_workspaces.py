"""Rules of agents' files: what is begun, what is refused meanwhile, and what happens once."""

from __future__ import annotations

import pytest

from core.houses import ANN, Desk, spec
from fleettui.core.commands import (
    AdmitFleet,
    Approve,
    BeginCheckpoint,
    BeginWorkspace,
    FinishCheckpoint,
    FinishRollBack,
    FinishWorkspace,
    ForkAgent,
    MakeCheckpoint,
    MergeAgent,
    MoveAgent,
    NoteGround,
    RecordStep,
    RemoveWorkspace,
    RollBack,
    StartRun,
)
from fleettui.core.errors import Forbidden, NotFound, Refused, Stale
from fleettui.core.events import CheckpointBegun, CheckpointMade, RollbackBegun, TurnCancelled
from fleettui.core.grounds import Ground, Kept, LeftOut, Merge
from fleettui.core.model import Actor, Payload
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.known import may_write
from fleettui.core.state.snapshot import restore, save
from fleettui.core.state.workspaces import keeps_files, needs_ground, wish

REPO = Ground("shared", "/ws", "/ws", "/ws", base="c0")
TREE = Ground("worktree", "/w/a", "/w/a", "/ws", "fleettui/f/a", "c0", "c1")


def desk_in_git(**more: object) -> Desk:
    desk = Desk(**more)
    desk.send(NoteGround("f", REPO))
    return desk


def kept(desk: Desk, commit: str = "c1") -> str:
    """Make a checkpoint whose files are kept."""
    desk.send(MakeCheckpoint("f", "a"))
    mark = desk.answer
    desk.send(FinishCheckpoint("f", "a", mark, Kept(commit)))
    return mark


def placed(desk: Desk) -> Desk:
    desk.send(BeginWorkspace("f", "a", TREE, "c1"))
    desk.send(FinishWorkspace("f", "a"))
    return desk


@pytest.mark.parametrize(
    ("tools", "writes"),
    [
        ([], False), (["read_file", "git_diff", "submit_result"], False), (["run"], True),
        (["write_file"], True), (["kubectl"], True), (["my-own-tool"], True),
    ],
)  # fmt: skip
def test_who_may_write_by_default_works_in_a_worktree(tools: list[str], writes: bool) -> None:
    entries = [{"name": "a", "spec": {"model": "openai:m", "tools": tools}}]
    desk = desk_in_git(entries=entries)
    assert may_write(desk.state.spec_of("a")) is writes
    agent = desk.state.agents["a"]
    assert wish(desk.state, agent) == ("worktree" if writes else "shared")
    assert keeps_files(desk.state, agent) is writes
    assert needs_ground(desk.state, agent) is writes
    outside = Desk(entries=entries)
    assert wish(outside.state, outside.state.agents["a"]) == "shared"
    assert not keeps_files(outside.state, outside.state.agents["a"])


def test_the_file_decides_for_an_agent_before_the_fleet() -> None:
    whole = spec(workspace="none")
    whole["spec"]["agents"][1]["spec"]["workspace"] = "shared"
    desk = Desk()
    desk.send(AdmitFleet("f", "f", "/f.yaml", "/ws", whole))
    assert [wish(desk.state, one) for one in desk.state.agents.values()] == ["none", "shared"]
    assert FleetFile.model_validate(whole).spec.agents[0].spec.checkpoint_every == 5


def test_a_checkpoint_with_files_is_begun_then_made_and_can_be_used_only_then() -> None:
    desk = desk_in_git()
    assert {type(one) for one in desk.send(MakeCheckpoint("f", "a"))} == {CheckpointBegun}
    mark = desk.answer
    with pytest.raises(Refused, match="still being kept"):
        desk.send(RollBack("f", "a", mark))
    left = (LeftOut("huge", "60,000,000 bytes"),)
    events = desk.send(FinishCheckpoint("f", "a", mark, Kept("c1", left)))
    assert events == [CheckpointMade("a", mark, "by hand", "c1", left)]
    assert desk.send(FinishCheckpoint("f", "a", mark, Kept("c2"))) == [], "once"
    assert "huge" in desk.state.agents["a"].log[-1].text


def test_a_rollback_of_files_waits_for_them_and_nothing_happens_meanwhile() -> None:
    desk = placed(desk_in_git())
    mark = kept(desk)
    action = desk.propose()
    for agent in desk.state.agents.values():
        for point in [one for one in agent.checkpoints.values() if one.pending]:
            desk.send(FinishCheckpoint("f", agent.id, point.id, Kept("c2")))
    turn = desk.state.agents["a"].turn
    events = desk.send(RollBack("f", "a", mark))
    undo = desk.answer
    assert RollbackBegun in {type(one) for one in events}
    assert TurnCancelled not in {type(one) for one in events}
    assert desk.state.actions[action.id].status == "denied"
    with pytest.raises(Stale):
        desk.send(Approve("f", action.id, 1, action.digest, action.nonce))
    for again in (RollBack("f", "a", mark), MergeAgent("f", "a", Merge("m", "refs/heads/x", "w"))):
        with pytest.raises(Refused, match="being worked on"):
            desk.send(again)
    before = list(desk.state.agents["a"].transcript)
    desk.send(FinishCheckpoint("f", "a", undo, Kept("c3")))
    desk.send(FinishRollBack("f", "a"))
    agent = desk.state.agents["a"]
    assert agent.transcript[:-1] == before[: agent.checkpoints[mark].length]
    assert desk.state.turns[turn].status == "cancelled"
    assert desk.state.actions[action.id].status == "denied", "it is not asked again by itself"
    assert desk.send(FinishRollBack("f", "a")) == [], "once"


def test_a_rollback_whose_files_stay_takes_nothing_back() -> None:
    desk = placed(desk_in_git())
    mark = kept(desk)
    desk.send(StartRun("f", Payload("go")))
    for agent in desk.state.agents.values():
        for point in [one for one in agent.checkpoints.values() if one.pending]:
            desk.send(FinishCheckpoint("f", agent.id, point.id, Kept("c2")))
    turn = desk.state.agents["a"].turn
    desk.send(RecordStep("f", turn, 1, Payload("one")))
    told = list(desk.state.agents["a"].transcript)
    desk.send(RollBack("f", "a", mark))
    desk.send(FinishRollBack("f", "a", "the disk is full"))
    agent = desk.state.agents["a"]
    assert (agent.transcript, agent.turn) == (told, turn)
    assert agent.files.failed == "the disk is full"
    assert agent.files.rolling is None


def test_files_that_were_not_kept_cannot_go_back_and_the_transcript_can() -> None:
    desk = desk_in_git()
    desk.send(MakeCheckpoint("f", "a"))
    mark = desk.answer
    desk.send(FinishCheckpoint("f", "a", mark, None, "files not kept: no space"))
    with pytest.raises(Refused, match="holds no files: files not kept: no space"):
        desk.send(RollBack("f", "a", mark, "files"))
    desk.send(RollBack("f", "a", mark))
    assert desk.state.agents["a"].files.rolling is None


def test_a_checkpoint_before_an_action_is_made_once() -> None:
    desk = desk_in_git()
    begin = BeginCheckpoint("f", "a", "f/9", "before action f/9")
    assert len(desk.send(begin)) == 1
    assert desk.send(begin) == []


def test_a_fork_is_named_once_and_only_people_may() -> None:
    desk = placed(desk_in_git())
    mark = kept(desk)
    for wrong in ("A", "a b", "../x", "", "x" * 64):
        if wrong:
            with pytest.raises(Refused, match="no name"):
                desk.send(ForkAgent("f", "a", mark, wrong))
    with pytest.raises(Refused, match="already"):
        desk.send(ForkAgent("f", "a", mark, "b"))
    with pytest.raises(Forbidden):
        desk.send(ForkAgent("f", "a", mark), Actor("agent", "a"))
    with pytest.raises(NotFound):
        desk.send(ForkAgent("f", "a", "f/999"))
    desk.send(ForkAgent("f", "a", mark))
    desk.send(ForkAgent("f", "a", mark))
    assert desk.answer == "a-fork-2"
    fork = desk.state.agents["a-fork"]
    assert (fork.files.fork_start, fork.files.fork_base, fork.files.fork_point) == (
        "c1", "c0", "c1",
    )  # fmt: skip
    back = restore(save(desk.state))
    assert back is not None
    assert back.agents["a-fork"] == fork


def test_only_a_worktree_without_work_is_taken_away_and_a_removed_agents_stays_known() -> None:
    desk = placed(desk_in_git())
    with pytest.raises(Refused, match="not merged"):
        desk.send(RemoveWorkspace("f", "a"))
    with pytest.raises(NotFound, match="no worktree"):
        desk.send(RemoveWorkspace("f", "b", unmerged=False))
    desk.send(MoveAgent("f", "a", "remove"))
    assert desk.state.left == {"a": TREE}
    with pytest.raises(Forbidden):
        desk.send(RemoveWorkspace("f", "a", unmerged=False), Actor("agent", "b"))
    desk.send(RemoveWorkspace("f", "a", unmerged=False), ANN)
    assert desk.state.left == {}
    assert desk.state.doomed == {"a": TREE}
