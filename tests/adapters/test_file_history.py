"""Files at checkpoints, on real repositories: the same bytes come back, and nothing else moves."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from tests.engine.repositories import git, pictured, repository, untouched

from fleettui.adapters.workspaces.history import GitHistory
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.shadow import LARGEST
from fleettui.adapters.workspaces.worktrees import GitWorkspaces
from fleettui.core.errors import ToolFailed
from fleettui.core.grounds import Ground

NAMES = [
    "a", "b.txt", "dir/x", "dir/y z", "dir/deep/er", "-n", 'q"uote', "new\nline", "tab\there",
    "back\\slash", "ünïcode", "b\udcffytes", "*", "[x]", ":(top)x", " lead", ".hidden", "dir",
    "con", "dir/deep", "crlf.bat", "file.bin",
]  # fmt: skip
BODIES = [
    b"",
    b"one\n",
    b"one",
    b"a\r\nb\r\n",
    b"\x00\xff\x00",
    b"#!/bin/sh\n",
    b"$Id$\n",
    b"x" * 9000,
]
Change = tuple[str, str, bytes | str]
CHANGES = some.lists(
    some.one_of(
        some.tuples(some.just("write"), some.sampled_from(NAMES), some.sampled_from(BODIES)),
        some.tuples(some.just("program"), some.sampled_from(NAMES), some.sampled_from(BODIES)),
        some.tuples(some.just("link"), some.sampled_from(NAMES), some.sampled_from(["a", "/etc"])),
        some.tuples(some.just("delete"), some.sampled_from(NAMES), some.just(b"")),
        some.tuples(some.just("move"), some.sampled_from(NAMES), some.sampled_from(NAMES)),
    ),
    min_size=1,
    max_size=12,
)


def carry_out(folder: Path, changes: Sequence[Change]) -> None:
    """Do to a folder what an agent might do."""
    for what, name, more in changes:
        path = folder / name
        match what:
            case "delete":
                take_away(path)
            case "move":
                target = folder / str(more)
                if path.is_file() and not path.is_symlink() and target != path:
                    body, mode = path.read_bytes(), path.stat().st_mode
                    path.unlink()
                    make_room(folder, target)
                    target.write_bytes(body)
                    target.chmod(mode)
            case "link" if make_room(folder, path):
                path.symlink_to(str(more))
            case "write" | "program" if make_room(folder, path):
                path.write_bytes(bytes(more))  # type: ignore[arg-type]
                path.chmod(0o755 if what == "program" else 0o644)
            case _:
                pass


def take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


def make_room(folder: Path, path: Path) -> bool:
    for above in reversed(path.relative_to(folder).parents):
        if (folder / above).is_symlink() or (folder / above).is_file():
            take_away(folder / above)
    take_away(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return True


class Grounded:
    """A ground in a repository, with what keeps its files."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder / "state" / "workspaces", os.environ["PATH"], "/nonexistent")
        self.history = GitHistory(self.places)
        self.workspaces = GitWorkspaces(self.places, self.history)
        self.ground = Ground("shared", "")

    async def share(self, repo: Path) -> Grounded:
        self.ground = await self.workspaces.look(str(repo))
        return self

    async def grow(self, repo: Path) -> Grounded:
        shared = await self.workspaces.look(str(repo))
        self.ground = await self.workspaces.plan("f", "a", shared)
        await self.workspaces.make("f", "a", self.ground, self.ground.start)
        return self

    @property
    def tree(self) -> Path:
        return Path(self.ground.tree)

    async def keep(self, name: str = "") -> str:
        return (await self.history.keep("f", "a", self.ground, name)).commit

    async def restore(self, commit: str) -> None:
        await self.history.restore("f", "a", self.ground, commit)


@pytest.mark.parametrize("kind", ["shared", "worktree"])
@settings(
    max_examples=12, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(first=CHANGES, second=CHANGES, committed=some.booleans())
@example(
    first=[("write", "dir", b"file\n")], second=[("write", "dir/x", b"below\n")], committed=True
)
@example(first=[("write", "dir/x", b"")], second=[("link", "dir", "/etc")], committed=False)
@example(
    first=[("write", name, name.encode(errors="surrogateescape")) for name in NAMES],
    second=[("delete", name, b"") for name in NAMES],
    committed=False,
)
def test_any_tree_comes_back_byte_for_byte_and_forth_again(
    tmp_path_factory: Any, kind: str, first: Any, second: Any, committed: bool
) -> None:
    folder = tmp_path_factory.mktemp("history")
    repo = repository(folder / "repo")
    attributes = "* text=auto\n*.bat eol=crlf\nfile.bin filter=lfs ident\n"
    (repo / ".gitattributes").write_text(attributes)
    git(repo, "config", "filter.lfs.clean", "touch /tmp/never-run; cat")
    git(repo, "config", "filter.lfs.required", "false")

    async def there_and_back() -> None:
        carry_out(repo, first)
        if committed:
            git(repo, "-c", "core.protectNTFS=false", "add", "-A")
            git(repo, "commit", "-qm", "more", "--allow-empty")
        box = Grounded(folder)
        await (box.share(repo) if kind == "shared" else box.grow(repo))
        before, still = pictured(box.tree), untouched(repo)
        assert before == pictured(repo)
        one = await box.keep("1")
        carry_out(box.tree, second)
        after = pictured(box.tree)
        if kind == "worktree":
            assert untouched(repo)[:1] == still[:1]
            assert untouched(repo)[3:] == still[3:]
        two = await box.keep("2")
        await box.restore(one)
        assert pictured(box.tree) == before
        assert await box.keep() == one, "the same files are the same commit"
        await box.restore(two)
        assert pictured(box.tree) == after

    asyncio.run(there_and_back())


async def test_keeping_runs_nothing_the_repository_is_set_up_with(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    trap = tmp_path / "trapped"
    for name in ("filter.x.clean", "filter.x.smudge", "filter.x.process", "core.fsmonitor",
                 "core.sshCommand", "diff.external"):  # fmt: skip
        git(repo, "config", name, f"touch {trap}")
    (repo / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-checkout", "reference-transaction", "pre-commit", "post-index-change"):
        path = repo / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {trap}\n")
        path.chmod(0o755)
    box = await Grounded(tmp_path).grow(repo)
    (box.tree / "new").write_text("x")
    one = await box.keep("1")
    (box.tree / "new").unlink()
    await box.restore(one)
    await box.history.changes("f", "a", box.ground, box.ground.start)
    assert (box.tree / "new").exists()
    assert not trap.exists()


async def test_a_restore_cut_off_in_the_middle_is_finished_by_doing_it_again(
    tmp_path: Path,
) -> None:
    box = await Grounded(tmp_path).share(repository(tmp_path / "repo"))
    for number in range(20):
        (box.tree / f"f{number}").write_text(f"old {number}\n")
    one = await box.keep("1")
    before = pictured(box.tree)
    for number in range(20):
        (box.tree / f"f{number}").write_text(f"new {number}\n")
    (box.tree / "extra").write_text("x")
    await box.keep("2")
    # What a process that is killed leaves: half of the files, one half written, a lock.
    for number in range(10):
        (box.tree / f"f{number}").write_text(f"old {number}\n")
    (box.tree / "f10").write_text("ol")
    shadow = Path(box.places.shadow_folder("f", "a", box.ground))
    (shadow / "index.lock").write_text("")
    again = await Grounded(tmp_path).share(box.tree)
    await again.restore(one)
    assert pictured(box.tree) == before


async def test_special_files_are_no_trouble(tmp_path: Path) -> None:
    box = await Grounded(tmp_path).share(repository(tmp_path / "repo"))
    os.mkfifo(box.tree / "pipe")
    (box.tree / "empty").mkdir()
    one = await box.keep("1")
    (box.tree / "a.txt").write_text("changed\n")
    await box.restore(one)
    assert stat.S_ISFIFO((box.tree / "pipe").stat().st_mode)
    assert (box.tree / "a.txt").read_text() == "one\n"


async def test_the_state_folder_inside_the_repository_is_none_of_its_files(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path)
    (repo / "state").mkdir()
    (repo / "state" / "fleettui.db").write_text("not yours")
    box = await Grounded(tmp_path).share(repo)
    commit = await box.keep("1")
    assert git(repo, "ls-tree", "-r", "--name-only", commit).split() == ["a.txt"]


async def test_a_full_disk_or_a_damaged_repository_is_an_error_with_words(tmp_path: Path) -> None:
    box = await Grounded(tmp_path).share(repository(tmp_path / "repo"))
    one = await box.keep("1")
    shutil.rmtree(box.tree / ".git" / "objects")
    with pytest.raises(ToolFailed, match="git"):
        await box.restore(one)
    assert (box.tree / "a.txt").read_text() == "one\n"


@pytest.mark.parametrize("attributes", ["", "* text=auto\n"])
async def test_a_large_file_that_git_has_is_in_worktrees_and_checkpoints(
    tmp_path: Path, attributes: str
) -> None:
    repo = repository(tmp_path / "repo")
    with (repo / "huge").open("wb") as file:
        file.truncate(LARGEST + 1)
    (repo / ".gitattributes").write_text(attributes)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "large")
    box = await Grounded(tmp_path).grow(repo)
    assert (box.tree / "huge").stat().st_size == LARGEST + 1
    assert box.ground.note == ""
    kept = await box.history.keep("f", "a", box.ground, "1")
    assert kept.left_out == ()
    (box.tree / "huge").write_bytes(b"small\n")
    await box.restore(kept.commit)
    assert (box.tree / "huge").stat().st_size == LARGEST + 1
