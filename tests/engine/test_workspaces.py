"""Agents in real git repositories: worktrees, checkpoints, rollbacks, forks and merges."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fleettui.core.commands import (
    Approve,
    ForkAgent,
    MakeCheckpoint,
    MergeAgent,
    MoveAgent,
    OpenFleet,
    RemoveWorkspace,
    RollBack,
    StartRun,
)
from fleettui.core.errors import Refused
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.core.views.queries import (
    PreviewRollback,
    ReadCheckpoints,
    ReadDiff,
    ReadInbox,
    ReadLog,
    ReadWorkspaces,
)
from fleettui.engine.session import Session
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, calls, make_world, says, wait_for
from tests.engine.repositories import git, pictured, repository, untouched

Script = Callable[[ModelRequest, int], ModelReply]


class Bench(NamedTuple):
    """An open fleet in a repository."""

    session: Session
    state: FleetState
    repo: Path

    def agent(self, name: str = "a") -> AgentState:
        return self.state.agents[name]

    def tree(self, name: str = "a") -> Path:
        ground = self.agent(name).files.ground
        assert ground is not None
        return Path(ground.path)

    async def run(self, task: str = "go") -> Any:
        """Give the fleet a task, approve what it asks for, and wait for its end."""
        name = await self.session.send(StartRun("f", Payload(task)))
        run = self.state.runs[name]

        def asks() -> bool:
            return any(
                self.state.actions[one].status == "asking" for one in self.state.open_actions
            )

        while not run.report:
            await wait_for(self.session, lambda: bool(run.report) or asks())
            for row in await self.session.read(ReadInbox()):
                if row.action is not None:
                    yes = Approve("f", row.id, row.version, row.action.digest, row.nonce)
                    await self.session.send(yes)
        return run

    async def mark(self, agent: str = "a") -> str:
        return await self.session.send(MakeCheckpoint("f", agent))


def fleet(*agents: str, workspace: str | None = None, **more: Any) -> str:
    entries = [
        {
            "name": name,
            "spec": {"model": "openai:t", "tools": ["write_file", "run", "read_file"], **more},
        }
        for name in agents
    ]
    spec: dict[str, Any] = {"agents": entries, "coordination": {"mode": "peer"}}
    if workspace:
        spec["workspace"] = workspace
    head = {"apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"}}
    return json.dumps({**head, "spec": spec})


@asynccontextmanager
async def bench(
    tmp_path: Path, script: Script, text: str, folder: Path | None = None
) -> AsyncIterator[Bench]:
    repo = tmp_path / "repo"
    if not repo.exists():
        repository(repo)
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    async with running(make_world(tmp_path, FunctionModel(script))) as house:
        session = house.session("ann")
        await session.send(OpenFleet("", str(path), str(folder or repo), "", {"OPENED": "1"}))
        yield Bench(session, house.engine.state("f"), repo)


def writes(name: str, text: str | None = None) -> Script:
    """Give a model that writes one file a turn: its task, unless a text is given."""

    def script(request: ModelRequest, step: int) -> ModelReply:
        told = [one.content for one in request.messages if one.role == "user"][-1]
        if step == 0:
            return calls("write_file", path=name.format(request.agent), content=text or told)
        return says("done")

    return script


async def test_an_agent_that_may_write_works_in_a_worktree_of_its_own(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("{}.txt"), fleet("a", "b")) as at:
        await at.run("hello")
        assert sorted(at.tree("a").glob("*.txt")) == [at.tree("a") / "a.txt"]
        assert (at.tree("a") / "a.txt").read_text().startswith("hello")
        assert not (at.tree("a") / "b.txt").exists(), "two agents do not see each other"
        assert (at.repo / "a.txt").read_text() == "one\n", "the operator's folder is as it was"
        assert at.tree("a").stat().st_mode & 0o077 == 0 or at.tree("a").parent.stat().st_mode == (
            0o40700
        )
        assert git(at.tree("b"), "branch", "--show-current").strip() == "fleettui/f/b"


async def test_a_worktree_begins_with_the_operators_uncommitted_changes(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", a__txt="one\n", __gitignore="*.o\n")
    (repo / "a.txt").write_text("changed\n")
    (repo / "new").write_text("untracked\n")
    (repo / "x.o").write_text("ignored")
    before = untouched(repo)
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("one")
        assert (at.tree() / "a.txt").read_text() == "changed\n"
        assert (at.tree() / "new").read_text() == "untracked\n"
        assert not (at.tree() / "x.o").exists()
        assert untouched(repo)[:1] == before[:1]
        assert untouched(repo)[3:] == before[3:]
        diff = await at.session.read(ReadDiff("f", "a"))
        assert [(one.path, one.change) for one in diff.files] == [("mine", "added")]


async def test_a_worktree_without_work_follows_the_operators_folder(tmp_path: Path) -> None:
    async with bench(tmp_path, lambda _r, _s: says("nothing to do"), fleet("a")) as at:
        await at.run()
        (at.repo / "a.txt").write_text("two\n")
        git(at.repo, "commit", "-qam", "second")
        (at.repo / "b.txt").write_text("uncommitted\n")
        await at.run()
        assert pictured(at.tree()) == pictured(at.repo)
        assert git(at.tree(), "rev-parse", "HEAD") == git(at.repo, "rev-parse", "HEAD")


async def test_a_worktree_with_work_is_left_as_it_is(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        (at.repo / "a.txt").write_text("two\n")
        await at.run("second")
        assert (at.tree() / "a.txt").read_text() == "one\n"
        assert (at.tree() / "mine").read_text().startswith("second")


async def test_a_fleet_in_a_folder_of_a_repository_works_in_the_same_one(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / "below").mkdir()
    (repo / "below" / "x").write_text("x")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "below")
    async with bench(tmp_path, writes("mine"), fleet("a"), repo / "below") as at:
        await at.run("hi")
        assert at.tree().name == "below"
        assert (at.tree() / "mine").exists()
        assert (at.tree() / "x").read_text() == "x"


async def test_a_folder_of_its_own_is_empty_and_shared_is_shared(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a", workspace="none")) as at:
        await at.run("hi")
        assert list(pictured(at.tree())) == ["mine"]
        assert at.tree().stat().st_mode == 0o40700
    (tmp_path / "state").rename(tmp_path / "old")
    async with bench(tmp_path, writes("mine"), fleet("a", workspace="shared")) as at:
        await at.run("hi")
        assert (at.repo / "mine").exists()


@pytest.mark.parametrize("what", ["no repository", "no commit", "bare"])
async def test_a_worktree_that_cannot_be_is_said_so(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    if what != "no repository":
        git(folder, "init", "-q", *(["--bare"] if what == "bare" else []))
    wanted = fleet("a", workspace="worktree")
    async with bench(tmp_path, writes("mine"), wanted) as at:
        run = await at.run()
        assert run.status == "failed"
        assert "workspace: worktree needs a git repository with a commit" in at.agent().trouble
    (tmp_path / "state").rename(tmp_path / "old") if (tmp_path / "state").exists() else None
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("by default it is shared then")
        assert (folder / "mine").exists()


async def test_a_detached_head_and_submodules_are_no_trouble(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    inner = repository(tmp_path / "inner")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    git(repo, "commit", "-qam", "sub")
    git(repo, "checkout", "-q", "--detach")
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run()
        assert "submodules are not checked out" in at.agent().files.ground.note
        mark = await at.mark()
        assert at.agent().checkpoints[mark].commit
        with pytest.raises(Refused, match="is on no branch"):
            await at.session.send(MergeAgent("f", "a"))


async def test_a_lost_worktree_is_made_again_as_it_was_kept_last(tmp_path: Path) -> None:
    import shutil

    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        await at.mark()
        shutil.rmtree(at.tree())
        await at.run("second")
        assert (at.tree() / "a.txt").read_text() == "one\n"
        assert (at.tree() / "mine").read_text().startswith("second")


async def test_checkpoints_touch_nothing_and_the_same_files_are_one_commit(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", a__txt="one\n", __gitignore="*.o\n")
    hook = repo / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    (repo / "a.txt").write_text("staged\n")
    git(repo, "add", "a.txt")
    (repo / "a.txt").write_text("unstaged\n")
    (repo / "b").write_text("untracked")
    (repo / "x.o").write_text("ignored")
    async with bench(tmp_path, writes("{}"), fleet("a", "b", workspace="shared")) as at:
        before = untouched(repo)
        first, again = await at.mark(), await at.mark("b")
        assert untouched(repo) == before
        commit = at.agent().checkpoints[first].commit
        assert at.agent("b").checkpoints[again].commit == commit
        held = git(repo, "ls-tree", "-r", "--name-only", commit).split()
        assert held == [".gitignore", "a.txt", "b"]
        assert git(repo, "show", f"{commit}:a.txt") == "unstaged\n"
        number = first.rsplit("/", 1)[-1]
        assert git(repo, "rev-parse", f"refs/fleettui/f/a/{number}").strip() == commit


async def test_files_go_back_and_forth_with_the_transcript(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        before, told = pictured(at.tree()), list(at.agent().transcript)
        mark = await at.mark()
        await at.run("second")
        after, more = pictured(at.tree()), list(at.agent().transcript)
        shown = await at.session.read(PreviewRollback("f", "a", mark))
        assert [(one.path, one.change) for one in shown.files] == [("mine", "changed")]
        assert "-second" in shown.diff
        assert "+first" in shown.diff
        assert not shown.cannot_undo, "a file that was written goes back"
        undo = await at.session.send(RollBack("f", "a", mark))
        assert (pictured(at.tree()), at.agent().transcript) == (before, told)
        await at.session.send(RollBack("f", "a", undo))
        assert (pictured(at.tree()), at.agent().transcript) == (after, more)
        rows = await at.session.read(ReadCheckpoints("f", "a"))
        assert {row.id: row.files for row in rows}[mark] == 1


async def test_only_the_transcript_or_only_the_files(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        mark = await at.mark()
        before, told = pictured(at.tree()), list(at.agent().transcript)
        await at.run("second")
        after, more = pictured(at.tree()), list(at.agent().transcript)
        undo = await at.session.send(RollBack("f", "a", mark, "files"))
        assert (pictured(at.tree()), at.agent().transcript) == (before, more)
        await at.session.send(RollBack("f", "a", undo, "files"))
        await at.session.send(RollBack("f", "a", mark, "transcript"))
        assert (pictured(at.tree()), at.agent().transcript) == (after, told)


async def test_a_rollback_in_a_shared_folder_keeps_off_what_others_changed(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("{}"), fleet("a", "b", workspace="shared")) as at:
        mark = await at.mark()
        await at.run("first")
        undo = await at.session.send(RollBack("f", "a", mark, force=True))
        await at.session.send(RollBack("f", "a", undo))
        with pytest.raises(Refused, match="somebody else than a changed b"):
            await at.session.send(RollBack("f", "a", mark))
        (at.repo / "b").unlink()
        await at.session.send(RollBack("f", "a", mark))
        assert not (at.repo / "a").exists()
        (at.repo / "a.txt").write_text("mine, not the agent's\n")
        shown = await at.session.read(PreviewRollback("f", "a", mark))
        assert shown.foreign == ("a.txt",)
        with pytest.raises(Refused, match="changed a"):
            await at.session.send(RollBack("f", "a", mark))
        undo = await at.session.send(RollBack("f", "a", mark, force=True))
        assert (at.repo / "a.txt").read_text() == "one\n"
        await at.session.send(RollBack("f", "a", undo))
        assert (at.repo / "a.txt").read_text() == "mine, not the agent's\n"


async def test_ignored_files_are_not_touched(tmp_path: Path) -> None:
    repository(tmp_path / "repo", a__txt="one\n", __gitignore="build\n")
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        (at.tree() / "build").mkdir()
        (at.tree() / "build" / "out").write_text("made")
        mark = await at.mark()
        (at.tree() / ".gitignore").write_text("")
        (at.tree() / "build" / "out").write_text("made again")
        await at.session.send(RollBack("f", "a", mark))
        assert (at.tree() / ".gitignore").read_text() == "build\n"
        assert (at.tree() / "build" / "out").read_text() == "made again"


async def test_what_an_ignored_file_hides_is_not_taken_back(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        mark = await at.mark()
        (at.tree() / "mine").unlink()
        await at.mark()
        (at.tree() / ".gitignore").write_text("mine\n")
        (at.tree() / "mine").write_text("precious")
        before = pictured(at.tree())
        with pytest.raises(Refused, match="mine"):
            await at.session.send(RollBack("f", "a", mark))
        assert pictured(at.tree()) == before
        assert at.agent().files.rolling is None


async def test_an_approved_action_has_a_checkpoint_before_it(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        whys = [point.why for point in at.agent().checkpoints.values()]
        action = next(iter(at.state.actions))
        assert f"before action {action}" in whys
        point = next(
            one for one in at.agent().checkpoints.values() if one.why == f"before action {action}"
        )
        await at.session.send(RollBack("f", "a", point.id))
        assert not (at.tree() / "mine").exists()
        assert at.state.actions[action].status == "finished", "it was done, and is not done again"


async def test_a_checkpoint_comes_by_itself_after_some_turns(tmp_path: Path) -> None:
    text = fleet("a", checkpoint_every=2, tools=["read_file"])
    async with bench(tmp_path, lambda _r, _s: says("fine"), text) as at:
        from fleettui.core.commands import SendMessage

        for number in range(4):
            await at.session.send(SendMessage("f", "a", Payload(f"m{number}")))
            await wait_for(at.session, lambda: not at.agent().turn)
        whys = [point.why for point in at.agent().checkpoints.values()]
        assert whys == ["after 2 turns", "after 2 turns"]


async def test_large_files_and_inner_repositories_are_left_out_and_said(tmp_path: Path) -> None:
    from fleettui.adapters.workspaces.shadow import LARGEST

    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        with (at.tree() / "huge").open("wb") as file:
            file.truncate(LARGEST + 1)
        repository(at.tree() / "inner")
        mark = await at.mark()
        rows = await at.session.read(ReadCheckpoints("f", "a"))
        left = next(row for row in rows if row.id == mark).left_out
        assert [one.split(":")[0] for one in left] == ["huge", "inner"]
        log = await at.session.read(ReadLog("f", "a"))
        assert "left out: huge: 52,428,801 bytes" in log[-1].text


async def test_a_fork_has_the_transcript_and_the_files_of_its_point(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        mark = await at.mark()
        files, told = pictured(at.tree()), list(at.agent().transcript)
        await at.run("second")
        name = await at.session.send(ForkAgent("f", "a", mark))
        assert name == "a-fork"
        assert at.agent(name).transcript == told
        assert pictured(at.tree(name)) == files
        assert at.tree(name) != at.tree()
        assert git(at.tree(name), "branch", "--show-current").strip() == "fleettui/f/a-fork"
        await at.run("third")
        assert (at.tree(name) / "mine").read_text().startswith("third")
        with pytest.raises(Refused, match="already"):
            await at.session.send(ForkAgent("f", "a", mark, "a-fork"))
        # The file is read again: what was forked stays.
        (tmp_path / "fleet.yaml").write_text(fleet("a", "b"))
        await at.session.send(
            OpenFleet("", str(tmp_path / "fleet.yaml"), str(at.repo), "", {"OPENED": "1"})
        )
        assert set(at.state.agents) == {"a", "a-fork", "b"}


async def test_work_is_merged_with_its_history_only_if_clean(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        (at.repo / "other").write_text("mine, uncommitted\n")
        commit = await at.session.send(MergeAgent("f", "a"))
        assert git(at.repo, "rev-parse", "main").strip() == commit
        assert (at.repo / "mine").read_text().startswith("first")
        assert git(at.repo, "status", "--porcelain") == "?? other\n"
        assert git(at.repo, "merge-base", "--is-ancestor", "fleettui/f/a", "main") == ""
        with pytest.raises(Refused, match="changed nothing"):
            await at.session.send(MergeAgent("f", "a"))
        await at.run("second")
        assert (at.tree() / "other").exists(), "with nothing of its own it followed"
        commit = await at.session.send(MergeAgent("f", "a"))
        assert (at.repo / "mine").read_text().startswith("second")
        assert git(at.repo, "status", "--porcelain") == "?? other\n"


async def test_what_is_in_the_way_of_a_merge_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("a.txt"), fleet("a")) as at:
        await at.run("theirs")
        (at.repo / "a.txt").write_text("ours, uncommitted\n")
        before = untouched(at.repo)
        with pytest.raises(Refused, match=r"uncommitted changes in a\.txt"):
            await at.session.send(MergeAgent("f", "a"))
        assert untouched(at.repo) == before
        git(at.repo, "commit", "-qam", "ours")
        before = untouched(at.repo)
        with pytest.raises(Refused, match=r"both changed a\.txt"):
            await at.session.send(MergeAgent("f", "a"))
        assert untouched(at.repo) == before
        assert (at.repo / "a.txt").read_text() == "ours, uncommitted\n"


async def test_uncommitted_changes_stay_the_operators_own_in_a_merge(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", a__txt="one\n", b__txt="b\n")
    (repo / "b.txt").write_text("secret, uncommitted\n")
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        await at.session.send(MergeAgent("f", "a"))
        assert (repo / "mine").exists()
        assert git(repo, "show", "HEAD:b.txt") == "b\n"
        assert git(repo, "status", "--porcelain") == " M b.txt\n"
        assert "secret" not in git(repo, "log", "-p", "main")


async def test_worktrees_with_work_are_never_taken_away(tmp_path: Path) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a", "b")) as at:
        await at.run("first")
        tree = at.tree()
        with pytest.raises(Refused, match="not merged"):
            await at.session.send(RemoveWorkspace("f", "a"))
        await at.session.send(MoveAgent("f", "a", "stop"))
        await at.session.send(MoveAgent("f", "a", "remove"))
        rows = {row.agent: row for row in await at.session.read(ReadWorkspaces())}
        assert rows["a"].left
        assert rows["a"].unmerged
        assert (tree / "mine").exists()
        await at.session.send(MergeAgent("f", "b"))
        tree = at.tree("b")
        await at.session.send(RemoveWorkspace("f", "b"))
        await wait_for(at.session, lambda: not at.state.doomed)
        assert not tree.exists()
        assert "fleettui/f/b" not in git(at.repo, "branch", "--list", "--all")


async def test_an_earlier_branch_is_never_used_again(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    git(repo, "branch", "fleettui/f/a")
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        assert at.agent().files.ground.branch == "fleettui/f/a-2"


async def test_going_back_after_the_worktree_was_taken_away_leaves_the_operators_folder_alone(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        mark = await at.mark()
        files = pictured(at.tree())
        await at.session.send(MergeAgent("f", "a"))
        await at.session.send(RemoveWorkspace("f", "a"))
        (at.repo / "mine").write_text("the operator's\n")
        await at.session.send(RollBack("f", "a", mark))
        assert (at.repo / "mine").read_text() == "the operator's\n"
        assert pictured(at.tree()) == files
        assert at.tree() != at.repo


async def test_the_tools_of_git_work_in_a_worktree(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    (repo / "a.txt").write_text("changed by the operator\n")

    def script(_request: ModelRequest, step: int) -> ModelReply:
        return calls("git_diff") if step == 0 else says("done")

    async with bench(tmp_path, script, fleet("a", tools=["git_diff", "run"])) as at:
        await at.run()
        log = await at.session.read(ReadLog("f", "a", full=True))
        assert any("+changed by the operator" in row.text for row in log if row.kind == "out")


async def test_without_git_a_checkpoint_holds_the_transcript_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    async with bench(tmp_path, writes("mine"), fleet("a")) as at:
        await at.run("first")
        mark = await at.mark()
        assert "is in no git repository" in at.agent().checkpoints[mark].note
        shown = await at.session.read(PreviewRollback("f", "a", mark))
        assert (shown.commit, shown.files) == ("", ())
        assert "transcript only" in shown.note
        with pytest.raises(Refused, match="holds no files: transcript only"):
            await at.session.send(RollBack("f", "a", mark, "files"))
