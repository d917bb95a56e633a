"""Running programs: bound to what was frozen, bounded, and killed whole."""

from __future__ import annotations

import asyncio
import hashlib
import os
import select
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.tools.secrecy import hashing_key
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace

BOX = LocalToolbox({"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SECRET": "s"}, b"k" * 32)


def place(folder: Path, **environment: str) -> Workplace:
    return Workplace("default", "fleet", "agent", str(folder), environment=environment)


async def freeze(work: Workplace, *argv: str, **more: Any) -> Facts:
    return await BOX.freeze(ToolCall("1", "run", {"argv": list(argv), **more}), work)


async def run(folder: Path, *argv: str, **more: Any) -> ToolResult:
    work = place(folder)
    return await BOX.perform(await freeze(work, *argv, **more), work)


async def test_a_program_runs_with_its_arguments_as_they_are(tmp_path: Path) -> None:
    result = await run(tmp_path, "printf", "%s|", "a b", "$HOME", "*", ";ls")
    assert result == ToolResult("a b|$HOME|*|;ls|", exit_code=0)
    assert (await run(tmp_path, "cat", stdin="given")).output == "given"
    failed = await run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (failed.ok, failed.exit_code, failed.output) == (False, 3, "out\nerr\n")


async def test_only_a_fixed_environment_is_given(tmp_path: Path) -> None:
    work = place(tmp_path, COLOUR="blue", API_TOKEN="sesame", URL="x://u:pw@h/")
    facts = await freeze(work, "env")
    assert facts.env["COLOUR"] == "blue"
    assert "sesame" not in str(facts)
    assert "pw@h" not in str(facts)
    seen = dict(line.split("=", 1) for line in (await BOX.perform(facts, work)).output.splitlines())
    assert seen.pop("FLEETTUI_AGENT") == "fleet/agent"
    assert seen.pop("FLEETTUI_HOST").startswith(f"{os.getpid()}.")
    assert seen == {
        "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "dumb",
        "GIT_TERMINAL_PROMPT": "0", "COLOUR": "blue", "API_TOKEN": "sesame", "URL": "x://u:pw@h/",
    }  # fmt: skip
    assert facts != await freeze(
        place(tmp_path, COLOUR="blue", API_TOKEN="x", URL="x://u:pw@h/"), "env"
    )


async def test_facts_name_everything_and_stay_the_same(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("fine")
    work = tmp_path / "work"
    work.mkdir()
    (work / "s.py").write_text("print(1)")
    argv = ("git", "notes", "add", "-F", str(report), f"--file={report}", "s.py")
    facts = await freeze(place(work), *argv, stdin="x")
    assert facts == await freeze(place(work), *argv, stdin="x")
    assert facts.program == os.path.realpath("/usr/bin/git")
    assert facts.program_sha256 == hashlib.sha256(Path(facts.program).read_bytes()).hexdigest()
    assert facts.cwd == os.path.realpath(work)
    assert facts.cwd_inode == f"{work.stat().st_dev}:{work.stat().st_ino}"
    assert [operand.path for operand in facts.operands] == [str(report), str(work / "s.py")]
    assert facts.stdin_sha256 == hashlib.sha256(b"x").hexdigest()
    assert facts.risks == ("write",)
    report.write_text("forged")
    assert facts != await freeze(place(work), *argv, stdin="x")


@pytest.mark.parametrize("argv", [("nosuchprogram",), ("./none",), ("",), ("a\0b",), (".",)])
async def test_what_is_no_program_is_told(tmp_path: Path, argv: tuple[str, ...]) -> None:
    with pytest.raises(ToolFailed) as failure:
        await freeze(place(tmp_path), *argv)
    assert failure.value.mend


async def test_a_cwd_outside_is_refused(tmp_path: Path) -> None:
    for cwd in ("..", "/", "/tmp/../etc"):
        with pytest.raises(ToolFailed, match="outside"):
            await freeze(place(tmp_path), "ls", cwd=cwd)


async def test_a_program_or_folder_swapped_after_the_freeze_does_not_run(tmp_path: Path) -> None:
    script = tmp_path / "s.sh"
    script.write_text("#!/bin/sh\necho good\n")
    script.chmod(0o755)
    work = place(tmp_path)
    facts = await freeze(work, "./s.sh")
    assert (await BOX.perform(facts, work)).output == "good\n"
    script.write_text("#!/bin/sh\necho evil\n")
    assert "changed since" in (await BOX.perform(facts, work)).output
    (tmp_path / "d").mkdir()
    facts = await freeze(work, "ls", cwd="d")
    (tmp_path / "d").rename(tmp_path / "e")
    (tmp_path / "d").mkdir()
    assert "another folder" in (await BOX.perform(facts, work)).output


async def test_a_lot_of_output_keeps_its_ends_and_its_count(tmp_path: Path) -> None:
    result = await run(
        tmp_path, "sh", "-c", "echo first; head -c 30000000 /dev/zero | tr '\\0' x; echo last"
    )
    assert result.size == 30_000_000 + len("first\nlast\n")
    assert len(result.output) < 1_001_000
    assert result.output.startswith("first\n")
    assert result.output.endswith("last\n")
    assert "left out" in result.output


async def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    result = await run(tmp_path, "sh", "-c", "sleep 300 & echo $!; wait", timeout=1)
    assert not result.ok
    assert "stopped after 1 s" in result.output
    assert ended(int(result.output.split()[0]))


async def test_children_do_not_outlive_their_program(tmp_path: Path) -> None:
    result = await run(tmp_path, "sh", "-c", "sleep 300 & echo $!")
    assert result.ok
    assert ended(int(result.output.split()[0]))


async def test_cancelling_kills_what_ran(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    task = asyncio.create_task(run(tmp_path, "sh", "-c", "sleep 300 & echo $! > ready; wait"))
    child = int(await asyncio.to_thread(ready.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended(child)


def ended(process: int) -> bool:
    """Wait for the end of a process that was killed; false when it lives on."""
    try:
        waiting = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([waiting], [], [], 10)[0])
    finally:
        os.close(waiting)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = hashing_key(tmp_path)
    assert len(key) == 32
    assert hashing_key(tmp_path) == key
    assert (tmp_path / "hash.key").stat().st_mode & 0o777 == 0o600
