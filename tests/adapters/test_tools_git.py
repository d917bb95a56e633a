"""The git tools on real repositories: what the changes are, bounded, and nothing gets run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import ToolFailed
from fleettui.core.model import ToolCall, ToolResult, Workplace

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": "a@b.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}
BOX = LocalToolbox({"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, b"k" * 32)


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(("git", *args), cwd=folder, env=GIT_ENV, check=True, capture_output=True)
    return done.stdout.decode()


def commit(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a change")


async def use(place: Path, name: str, base: str = "", **arguments: Any) -> ToolResult:
    work = Workplace("default", "fleet", "agent", str(place), base)
    return await BOX.perform(await BOX.freeze(ToolCall("1", name, arguments), work), work)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


async def test_the_changes_are_staged_unstaged_and_untracked_ones(repo: Path) -> None:
    commit(repo, a__py="one\n", b__py="two\n")
    (repo / "a.py").write_text("uno\n")
    git(repo, "add", "a.py")
    (repo / "b.py").write_text("due\n")
    (repo / "new.py").write_text("fresh\n")
    shown = (await use(repo, "git_diff")).output
    assert "uncommitted" in shown.split("\n")[0]
    for line in ("+uno", "+due", "+fresh", "+++ b/new.py", "@@ -0,0 +1,1 @@"):
        assert line in shown.split("\n")


async def test_a_clean_tree_shows_the_last_commit(repo: Path) -> None:
    commit(repo, a__py="one\n")
    assert "+one" in (await use(repo, "git_diff")).output
    commit(repo, a__py="two\n")
    shown = (await use(repo, "git_diff")).output
    assert "the last commit" in shown
    assert "-one" in shown
    assert "+two" in shown


async def test_a_base_shows_everything_since_it_left(repo: Path) -> None:
    commit(repo, a__py="one\n")
    git(repo, "checkout", "-q", "-b", "topic")
    commit(repo, b__py="two\n")
    commit(repo, c__py="three\n")
    git(repo, "checkout", "-q", "main")
    commit(repo, d__py="elsewhere\n")
    git(repo, "checkout", "-q", "topic")
    (repo / "e.py").write_text("loose\n")
    names = (await use(repo, "git_diff", base="main", names_only=True)).output.split("\n")[1:]
    assert names == ["b.py", "c.py", "e.py"]


@pytest.mark.parametrize("base", ["nowhere", "-p", "--output=x", ""])
async def test_a_base_that_is_no_revision_is_told(repo: Path, base: str) -> None:
    commit(repo, a__py="one\n")
    call = ToolCall("1", "git_show", {"rev": base})
    work = Workplace("default", "fleet", "agent", str(repo))
    if base == "nowhere":
        result = await BOX.perform(await BOX.freeze(call, work), work)
        assert not result.ok
        assert "no revision" in result.output
        return
    with pytest.raises(ToolFailed, match="not a revision"):
        await BOX.freeze(call, work)
    assert not (repo / "x").exists()


async def test_outside_a_repository_and_without_commits_it_says_so(tmp_path: Path) -> None:
    for tool, more in (("git_diff", {}), ("git_log", {}), ("git_show", {"rev": "HEAD"})):
        assert "no git repository" in (await use(tmp_path, tool, **more)).output
    git(tmp_path, "init", "-q")
    assert "no changes" in (await use(tmp_path, "git_diff")).output
    assert "no commits" in (await use(tmp_path, "git_log")).output
    (tmp_path / "a.py").write_text("one\n")
    assert "+one" in (await use(tmp_path, "git_diff")).output
    git(tmp_path, "add", "a.py")
    assert "+one" in (await use(tmp_path, "git_diff")).output


async def test_binary_files_are_named_not_shown(repo: Path) -> None:
    (repo / "a.bin").write_bytes(bytes(range(256)) * 10)
    commit(repo)
    assert "a.bin | binary" in (await use(repo, "git_diff", stat=True)).output
    assert "Binary files" in (await use(repo, "git_diff")).output
    assert "binary" in (await use(repo, "git_show", rev="HEAD", path="a.bin")).output


async def test_a_huge_diff_is_cut_with_a_notice_and_can_be_paged(repo: Path) -> None:
    commit(repo, a__py="")
    (repo / "a.py").write_text("".join(f"value_{n} = {n}\n" for n in range(20_000)))
    first = await use(repo, "git_diff")
    assert len(first.output) < 110_000
    assert "a.py | +20000 -0" in first.output
    assert first.size > 200_000
    start, seen = 1, ""
    while True:
        part = (await use(repo, "git_diff", path="a.py", start_line=start)).output
        seen += part
        if "start_line=" not in part:
            break
        start = int(part.split("start_line=")[1].split(",")[0].split("]")[0])
    assert all(f"+value_{n} = {n}\n" in seen for n in range(0, 20_000, 999))


async def test_a_workspace_inside_a_repository_sees_only_its_part(repo: Path) -> None:
    (repo / "in").mkdir()
    commit(repo, a__py="one\n")
    (repo / "in" / "b.py").write_text("inside\n")
    (repo / "a.py").write_text("outside\n")
    shown = (await use(repo / "in", "git_diff")).output
    assert "+++ b/b.py" in shown
    assert "outside" not in shown


async def test_what_looks_secret_is_left_out_unless_asked_by_path(repo: Path) -> None:
    commit(repo, a__py="one\n", __env="TOKEN=old\n")
    (repo / ".env").write_text("TOKEN=sesame\n")
    (repo / "key.pem").write_text("sesame\n")
    (repo / "a.py").write_text("two\n")
    for tool, more in (("git_diff", {}), ("search", {"pattern": "sesame"})):
        assert "sesame" not in (await use(repo, tool, **more)).output
    assert ".env" in (await use(repo, "git_diff")).output
    assert "old" not in (await use(repo, "git_show", rev="HEAD")).output.split("diff --git")[-1]
    call = ToolCall("1", "git_diff", {"path": ".env"})
    facts = await BOX.freeze(call, Workplace("default", "fleet", "agent", str(repo)))
    assert facts.risks == ("read", "secret")


async def test_nothing_in_the_repository_can_start_a_program(repo: Path) -> None:
    commit(repo, a__py="one\n", b__py="two\n")
    trap = repo / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {repo}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor", "core.pager", "diff.external", "diff.evil.command", "diff.evil.textconv",
        "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.sshCommand",
        "gpg.program", "core.editor", "pager.log", "pager.diff", "interactive.diffFilter",
    ):  # fmt: skip
        git(repo, "config", key, str(trap))
    git(repo, "config", "log.showSignature", "true")
    git(repo, "config", "filter.evil.required", "true")
    git(repo, "config", "core.worktree", "/etc")
    (repo / ".gitattributes").write_text("* diff=evil filter=evil\n")
    (repo / "a.py").write_text("uno\n")
    (repo / "b.py").write_text("due\n")
    for tool, more in (
        ("git_diff", {}), ("git_diff", {"stat": True}), ("git_log", {}),
        ("search", {"pattern": "u"}),
        ("git_show", {"rev": "HEAD"}), ("git_show", {"rev": "HEAD", "path": "a.py"}),
        ("list_files", {}), ("lint", {}),
    ):  # fmt: skip
        result = await use(repo, tool, **more)
        assert result.ok, result.output
    assert "+uno" in (await use(repo, "git_diff")).output
    assert not (repo / "sprung").exists()


async def test_log_and_show_give_history(repo: Path) -> None:
    commit(repo, a__py="one\n")
    commit(repo, a__py="two\n")
    assert len((await use(repo, "git_log")).output.split("\n")) == 2
    assert len((await use(repo, "git_log", n=1)).output.split("\n")) == 1
    assert "one" in (await use(repo, "git_show", rev="HEAD~1", path="a.py")).output
    assert "+two" in (await use(repo, "git_show", rev="HEAD")).output
