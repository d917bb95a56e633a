"""Programs of agents: bounded, measured, and ended with everything they started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fleettui.adapters.processes.child import running_child
from fleettui.adapters.processes.descent import descendants
from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.orphans import end_orphans
from fleettui.adapters.processes.program import run_program
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.model import Limits, ToolCall, ToolResult, Workplace

ENV = {"PATH": "/usr/bin:/bin"}
FREE = Limits()
ROOT = Path(__file__).parents[2]


def lives(process: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


async def run(folder: Path, *argv: str, limits: Limits = FREE, **more: object) -> ToolResult:
    box = LocalToolbox(ENV, b"k" * 32)
    place = Workplace("default", "f", "a", str(folder), limits=limits)
    call = ToolCall("1", "run", {"argv": list(argv), **more})
    return await box.perform(await box.freeze(call, place), place)


@pytest.mark.parametrize(
    "daemon",
    [
        "setsid sleep 1000 & echo $! > daemon",
        "(setsid sh -c 'echo $$ > daemon; sleep 1000' &)",
        "env -i /usr/bin/setsid /bin/sh -c 'echo $$ > daemon; /bin/sleep 1000' &",
        "trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; echo $$ > daemon; sleep 1000' &",
    ],
)
async def test_a_daemon_ends_with_the_action_that_started_it(tmp_path: Path, daemon: str) -> None:
    result = await run(
        tmp_path, "sh", "-c", f"{daemon}\nwhile ! test -s daemon; do :; done; exit 4"
    )
    assert result.exit_code == 4
    assert not lives(int((tmp_path / "daemon").read_text()))


async def test_a_program_that_ignores_the_end_is_killed_after_five_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    text = "trap '' TERM; echo $$ > pid; while :; do sleep 1; done"
    result = await run(tmp_path, "sh", "-c", text, timeout=1)
    assert 5 < time.monotonic() - began < 9
    assert "stopped after 1 s" in result.output
    assert not lives(int((tmp_path / "pid").read_text()))


async def test_what_goes_over_its_memory_is_killed_and_said(tmp_path: Path) -> None:
    grow = "x = []\nwhile True: x.append(b'x' * 1000000)"
    limits = Limits(memory=60_000_000)
    result = await run(tmp_path, sys.executable, "-c", grow, limits=limits)
    assert not result.ok
    assert "killed: it used more than 60 MB: resource_limits.memory" in result.output
    ran = f"subprocess.run([sys.executable, '-c', {grow!r}])"
    both = f"import subprocess, sys\nsys.exit({ran}.returncode)"
    result = await run(tmp_path, sys.executable, "-c", both, limits=limits)
    assert "resource_limits.memory" in result.output
    fine = await run(tmp_path, sys.executable, "-c", "print(1)", limits=limits)
    assert fine == ToolResult("1\n", exit_code=0)


async def test_a_time_limit_of_the_agent_counts_before_what_a_call_wants(tmp_path: Path) -> None:
    result = await run(tmp_path, "sleep", "100", limits=Limits(timeout=1.0), timeout=50)
    assert "stopped after 1 s" in result.output


async def test_seconds_of_cpu_and_cores_are_bounded(tmp_path: Path) -> None:
    cores = "import os; print(len(os.sched_getaffinity(0)))"
    result = await run(tmp_path, sys.executable, "-c", cores, limits=Limits(cpu=1.0))
    assert result.output == "1\n"
    ended = await run_program(
        (sys.executable, "-c", "while True: pass"), cwd=str(tmp_path), env=ENV, timeout=20.0,
        keeping=Keeping("f/a", Limits(cpu=0.05)),
    )  # fmt: skip
    assert ended.over == "it used all its seconds of CPU: resource_limits.cpu and timeout"


async def test_a_fork_bomb_ends(tmp_path: Path) -> None:
    forks = "for _ in range(1100):\n  if not os.fork(): time.sleep(100)"
    bomb = f"import os, time\n{forks}\ntime.sleep(100)"
    result = await run(
        tmp_path, sys.executable, "-c", bomb, limits=Limits(memory=1 << 34), timeout=60
    )
    assert "more than 1,000 processes" in result.output
    assert not [one for one in descendants(os.getpid()) if lives(one)]


async def test_a_child_talks_and_ends_with_its_context(tmp_path: Path) -> None:
    echo = "setsid sleep 1000 & echo $!; while read line; do echo got $line; done"
    async with running_child(
        ("sh", "-c", echo), cwd=str(tmp_path), env=ENV, keeping=Keeping("f/a")
    ) as child:
        daemon = int(await child.output.readline())
        child.input.write(b"one\n")
        assert await child.output.readline() == b"got one\n"
        assert child.exit_code is None
    assert child.exit_code is not None
    assert not lives(daemon)
    async with running_child(
        ("nothing-like-this",), cwd=str(tmp_path), env=ENV, keeping=Keeping("f/a")
    ) as child:
        assert (await child.wait()).code == 127
        await child.wait_ended(5.0)
        assert "not started" in child.last_words


async def test_cancelling_ends_a_daemon_too(tmp_path: Path) -> None:
    daemon = tmp_path / "daemon"
    text = "setsid sleep 1000 & echo $! > daemon; wait; sleep 1000"
    task = asyncio.create_task(run(tmp_path, "sh", "-c", text))
    await asyncio.to_thread(wait_until, lambda: daemon.exists() and daemon.read_text() != "")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not lives(int(daemon.read_text()))


def start_host(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start a host that runs a program with a daemon; give it and the daemon's number."""
    argv = [sys.executable, str(Path(__file__).with_name("orphan_host.py")), str(folder)]
    host = subprocess.Popen(argv, cwd=ROOT, env={**ENV, "PYTHONPATH": f"{ROOT}/src"})
    daemon = folder / "daemon"
    wait_until(lambda: daemon.exists() and daemon.read_text() != "")
    return host, int(daemon.read_text())


def test_a_killed_host_leaves_nothing_behind(tmp_path: Path) -> None:
    host, daemon = start_host(tmp_path)
    below = descendants(host.pid)
    assert daemon in below
    host.kill()
    host.wait()
    wait_until(lambda: not any(lives(one) for one in below))


def test_what_lost_host_and_keeper_is_found_and_killed_at_the_next_start(tmp_path: Path) -> None:
    host, daemon = start_host(tmp_path)
    below = descendants(host.pid)
    keeper = next(
        one for one in below if b"processes.keep" in Path(f"/proc/{one}/cmdline").read_bytes()
    )
    assert not end_orphans(), "a host that lives keeps what it has"
    os.kill(host.pid, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    host.kill()
    host.wait()
    assert lives(daemon)
    found = end_orphans()
    assert (daemon, "f/a") in {(one.process, one.agent) for one in found}
    assert "sleep 1000" in next(one.argv for one in found if one.process == daemon)
    assert not lives(daemon)
