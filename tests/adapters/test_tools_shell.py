"""The shell tool and tools that are programs: what is bound, and what runs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolProgram, ToolResult, Workplace

BOX = LocalToolbox({"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}, b"k" * 32)


def place(folder: Path, *programs: ToolProgram, **config: Any) -> Workplace:
    named = {one.name: one for one in programs}
    return Workplace(
        "default", "fleet", "agent", str(folder), programs=named, tool_config=config.copy()
    )


async def freeze(work: Workplace, tool: str, **arguments: Any) -> Facts:
    return await BOX.freeze(ToolCall("1", tool, arguments), work)


async def do(work: Workplace, tool: str, **arguments: Any) -> ToolResult:
    return await BOX.perform(await freeze(work, tool, **arguments), work)


def sha(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def stub(folder: Path, name: str = "kubectl") -> Path:
    """Make a program that says its arguments."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text('#!/bin/sh\necho "$0 $*"; cat\n')
    path.chmod(0o755)
    return path


async def test_a_script_runs_in_bash_without_start_up_files(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("echo never\n")
    work = place(tmp_path)
    result = await do(work, "shell", script='a=(1 2); echo "${a[1]} $0" | cat && cat', stdin="in")
    assert result == ToolResult("2 bash\nin", exit_code=0)
    failed = await do(work, "shell", script="exit 3")
    assert (failed.ok, failed.exit_code) == (False, 3)


async def test_a_script_is_bound_with_bash_and_every_file_of_its_plain_parts(
    tmp_path: Path,
) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("one.txt", "sub/two.txt"):
        (tmp_path / name).write_text(name)
    own = stub(tmp_path, "tool.sh")
    facts = await freeze(
        place(tmp_path),
        "shell",
        script="cat one.txt | grep x; ./tool.sh --in=one.txt && cd sub && wc two.txt",
    )
    bash = os.path.realpath("/usr/bin/bash")
    assert facts.program == bash
    assert facts.program_sha256 == sha(bash)
    assert facts.argv[:4] == ("bash", "--noprofile", "--norc", "-c")
    bound = {one.path: one.sha256 for one in facts.operands}
    for path in (tmp_path / "one.txt", tmp_path / "sub" / "two.txt", own):
        assert bound[str(path)] == sha(str(path))
    for program in ("cat", "grep", "wc"):
        real = os.path.realpath(f"/usr/bin/{program}")
        assert bound[real] == sha(real)


async def test_a_changed_operand_of_a_script_changes_its_facts(tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("ls\n")
    work = place(tmp_path)
    script = "bash x.sh; . ./x.sh"
    before = await freeze(work, "shell", script=script)
    assert before == await freeze(work, "shell", script=script)
    (tmp_path / "x.sh").write_text("rm -rf /\n")
    assert before != await freeze(work, "shell", script=script)


async def test_a_tool_that_is_a_program_runs_that_program_only(tmp_path: Path) -> None:
    own = stub(tmp_path / "bin")
    declared = ToolProgram("prod", str(own), ("--context=prod",), "The cluster.", 5.0)
    work = place(tmp_path, declared)
    facts = await freeze(work, "prod", args=["get", "pods; rm -rf /"])
    assert facts.argv == (str(own), "--context=prod", "get", "pods; rm -rf /")
    assert facts.program_sha256 == sha(str(own))
    result = await BOX.perform(facts, work)
    assert result.output == f"{own} --context=prod get pods; rm -rf /\n"
    with pytest.raises(ToolFailed, match="argv is unknown"):
        await freeze(work, "prod", args=["x"], argv=["rm"])
    with pytest.raises(ToolFailed, match="args is missing"):
        await freeze(work, "prod")


async def test_a_program_gets_its_stdin_folder_and_the_settings_of_its_file(tmp_path: Path) -> None:
    stub(tmp_path / "bin", "show").write_text('#!/bin/sh\npwd; echo "$KUBECONFIG"; cat\n')
    (tmp_path / "deep").mkdir()
    work = place(
        tmp_path,
        ToolProgram("show", str(tmp_path / "bin" / "show")),
        show={"working_directory": "deep", "env": {"KUBECONFIG": "k"}, "timeout_seconds": 9},
    )
    assert (await do(work, "show", args=[], stdin="s")).output == f"{tmp_path}/deep\nk\ns"
    assert (await do(work, "show", args=[], cwd=".")).output.startswith(f"{tmp_path}\n")


async def test_the_time_of_a_declared_program_is_bounded(tmp_path: Path) -> None:
    work = place(tmp_path, ToolProgram("nap", "sleep", timeout=0.2))
    result = await do(work, "nap", args=["60"])
    assert "[stopped after 0.2 s]" in result.output


def test_programs_are_described_where_they_are_installed(tmp_path: Path) -> None:
    box = LocalToolbox({"PATH": f"{stub(tmp_path).parent}:/usr/bin"}, b"k" * 32)
    programs = {
        "kubectl": ToolProgram("kubectl", "kubectl"),
        "helm": ToolProgram("helm", "no-such-helm"),
        "git": ToolProgram("git", "git"),
    }
    there = Workplace("t", "f", "a", str(tmp_path), programs=programs)
    names = [one.name for one in box.specs(["kubectl", "helm", "git_log", "git"], there)]
    assert names == ["kubectl", "git_log", "git"]
    assert [one.name for one in box.specs(["git"])] == ["git_diff", "git_log", "git_show"]


async def test_an_absent_program_is_told(tmp_path: Path) -> None:
    work = place(tmp_path, ToolProgram("helm", "no-such-helm"))
    with pytest.raises(ToolFailed, match="program not found: no-such-helm"):
        await freeze(work, "helm", args=["list"])
