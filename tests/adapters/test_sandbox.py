"""A sandbox by the real bubblewrap: what a confined program can reach, and what it can't."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.processes import sandbox
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, Workplace

PATH = "/usr/local/bin:/usr/bin:/bin"


def trouble() -> str:
    """Say why no sandbox can be made here, '' where one can."""
    try:
        sandbox.sandbox_program(PATH)
    except ToolFailed as failure:
        return str(failure)
    return ""


TROUBLE = trouble()
boxed = pytest.mark.skipif(bool(TROUBLE), reason=TROUBLE)


def box(home: Path, *hidden: Path) -> LocalToolbox:
    environment = {"PATH": PATH, "HOME": str(home)}
    return LocalToolbox(environment, b"k" * 32, [str(one) for one in hidden])


def place(folder: Path, *, on: bool = True) -> Workplace:
    return Workplace("default", "fleet", "agent", str(folder), sandbox=on)


async def do(tools: LocalToolbox, folder: Path, script: str, **more: Any) -> ToolResult:
    work = place(folder)
    facts = await tools.freeze(ToolCall("1", "shell", {"script": script, **more}), work)
    return await tools.perform(facts, work)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home with a secret, and a workspace in it."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    (tmp_path / "home" / ".ssh").mkdir()
    (tmp_path / "home" / ".ssh" / "id_rsa").write_text("key")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("other")
    return tmp_path / "home"


@boxed
async def test_the_workspace_may_be_written_and_nothing_else(home: Path) -> None:
    work = home / "work"
    result = await do(box(home), work, "echo here > made && cat made && pwd")
    assert result == ToolResult(f"here\n{work}\n", exit_code=0)
    assert (work / "made").read_text() == "here\n"
    for target in (home / "made", Path("/usr/made"), Path("/etc/made"), Path("/var/made")):
        await do(box(home), work, f"echo x > {target}")
        assert not target.exists()


@boxed
async def test_home_and_the_hosts_state_are_not_seen(home: Path) -> None:
    work, state = home / "work", home.parent / "other"
    result = await do(box(home, state), work, f"cat {home}/.ssh/id_rsa {state}/file; ls -A {home}")
    assert "key" not in result.output
    assert "other\n" not in result.output.replace("other/file", "")
    assert result.output.rstrip().endswith("work")


@boxed
async def test_tmp_is_its_own_and_gone_after(home: Path) -> None:
    mark = Path("/tmp") / f"fleettui-{os.getpid()}"
    result = await do(box(home), home / "work", f"touch {mark} && ls /tmp")
    assert mark.name in result.output
    assert not mark.exists()


@boxed
async def test_there_is_no_network_and_no_process_of_others(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"echo hi > /dev/tcp/127.0.0.1/{port}; ls -d /proc/[0-9]*; kill -0 {os.getpid()}"
        result = await do(box(home), home / "work", script)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert not result.ok
    pids = [line for line in result.output.splitlines() if line.startswith("/proc/")]
    assert 0 < len(pids) < 8


@boxed
async def test_hooks_and_settings_of_git_stay_as_they_are(home: Path) -> None:
    work = home / "work"
    subprocess.run(["git", "init", "-q", str(work)], check=True, env={"PATH": PATH, "HOME": "/x"})
    script = (
        "echo x > .git/hooks/pre-commit; echo x >> .git/config; mv .git gone; "
        "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m m && git log --oneline"
    )
    before = (work / ".git" / "config").read_text()
    result = await do(box(home), work, script)
    assert (work / ".git" / "config").read_text() == before
    assert not (work / ".git" / "hooks" / "pre-commit").exists()
    assert result.output.rstrip().endswith(" m")


@boxed
async def test_the_program_is_checked_again_inside(home: Path) -> None:
    work = home / "work"
    tool = work / "tool"
    tool.write_text('#!/bin/sh\necho "$0"\n')
    tool.chmod(0o755)
    tools = box(home)
    facts = await tools.freeze(ToolCall("1", "run", {"argv": ["./tool"]}), place(work))
    assert facts.sandbox == os.path.realpath(shutil.which("bwrap") or "")
    assert facts.sandbox in {one.path for one in facts.operands}
    # Sandboxed scripts are run by their interpreter, which is told the file it resolved to.
    assert (await tools.perform(facts, place(work))).output == f"{tool}\n"
    tool.write_text("#!/bin/sh\necho other\n")
    changed = await tools.perform(facts, place(work))
    assert (changed.ok, "changed since it was approved" in changed.output) == (False, True)


@boxed
async def test_switching_the_sandbox_off_needs_a_new_approval(home: Path) -> None:
    work, tools = home / "work", box(home)
    facts = await tools.freeze(ToolCall("1", "run", {"argv": ["true"]}), place(work))
    result = await tools.perform(facts, place(work, on=False))
    assert (result.ok, "sandbox was switched" in result.output) == (False, True)


@boxed
async def test_a_confined_program_ends_with_its_group(home: Path) -> None:
    result = await do(box(home), home / "work", "sleep 61 & sleep 62", timeout=1)
    assert "[stopped after 1 s]" in result.output
    left = subprocess.run(["pgrep", "-f", "sleep 6[12]"], capture_output=True, check=False)
    assert left.stdout == b""


async def test_without_bubblewrap_a_call_is_refused_with_the_mend(tmp_path: Path) -> None:
    tools = LocalToolbox({"PATH": str(tmp_path)}, b"k" * 32)
    with pytest.raises(ToolFailed, match=r"bubblewrap.*apt-get install bubblewrap"):
        await tools.freeze(ToolCall("1", "run", {"argv": ["/bin/true"]}), place(tmp_path))


async def test_with_one_that_does_not_work_too(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'no namespaces for you' >&2; exit 1\n")
    broken.chmod(0o755)
    tools = LocalToolbox({"PATH": str(tmp_path)}, b"k" * 32)
    with pytest.raises(ToolFailed, match="does not work here: no namespaces for you"):
        await tools.freeze(ToolCall("1", "run", {"argv": ["/bin/true"]}), place(tmp_path))


def test_facts_without_a_sandbox_say_nothing_of_one() -> None:
    assert Facts("run", {}).sandbox == ""
