"""opencode and Claude Code in a pseudo-terminal, with keys only, and a host killed under them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ptys import Pty, clean_environment
from tests.adapters.agents import real
from tests.engine.repositories import repository

from adapters.servers import Said, ScriptedServer, Seen
from fleettui.host.lock import owner

PATIENCE = 60.0
AGENTS: dict[str, tuple[str, str, Any, Any]] = {
    "opencode": ("opencode", "bash", real.opencode_server, real.opencode_environment),
    "claude-code": ("claude-agent-acp", "Bash", real.claude_server, real.claude_environment),
}


class Desk:
    """A folder to work in, a home, a state folder, and a fleet of one real agent."""

    def __init__(self, folder: Path, name: str, server: ScriptedServer) -> None:
        self.work, self.state, self.file = folder / "work", folder / "state", folder / "fleet.yaml"
        self.work.mkdir()
        declared = dict(AGENTS[name][3](server))
        key = declared.pop("ANTHROPIC_API_KEY", "")
        self.env = clean_environment(str(folder), **({"ANTHROPIC_API_KEY": key} if key else {}))
        if key:
            declared["ANTHROPIC_API_KEY"] = "${ANTHROPIC_API_KEY}"
        kind = {"type": "claude-code"} if key else {"type": "acp", "command": ["opencode", "acp"]}
        spec = {**kind, "instructions": "Do what you are told.", "environment": declared}
        self.file.write_text(json.dumps({
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "coders"},
            "spec": {"task": "make the file", "agents": [{"name": "coder", "spec": spec}],
                     "coordination": {"mode": "peer"}},
        }))  # fmt: skip

    def terminal(self, verb: str, *more: str) -> Pty:
        argv = [sys.executable, "-m", "fleettui", verb, *more, "--state", str(self.state)]
        return Pty(argv, env=self.env, cwd=str(self.work))

    def fleettui(self, *words: str) -> str:
        argv = [sys.executable, "-m", "fleettui", "--state", str(self.state), *words]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)
        return done.stdout

    def host(self) -> int:
        return owner(str(self.state)) or 0

    def programs(self) -> list[str]:
        """Give the command lines of all that lives in an agent's home."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    lives = f"HOME={self.state}/agents".encode() in (entry / "environ").read_bytes()
                    if lives and (entry / "cmdline").read_bytes():
                        found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
                except OSError:
                    continue
        return found

    def made(self) -> list[Path]:
        """Give the file that an agent made in a folder of its own."""
        return [*(self.state / "workspaces").glob("**/made.txt")]

    def end(self) -> None:
        pid = self.host()
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(params=AGENTS)
def name(request: pytest.FixtureRequest) -> str:
    real.need(AGENTS[request.param][0])
    return str(request.param)


@pytest.fixture
def desk_of(tmp_path: Path, name: str) -> Iterator[Callable[[real.Turn], Desk]]:
    """Give a desk whose agent's model answers as it is told to."""
    opened: list[tuple[Desk, ScriptedServer]] = []

    def make(turn: real.Turn) -> Desk:
        server = AGENTS[name][2](turn)
        server.__enter__()
        desk = Desk(tmp_path, name, server)
        opened.append((desk, server))
        return desk

    yield make
    for desk, server in opened:
        desk.end()
        wait_until(lambda desk=desk: not desk.programs())
        server.__exit__()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def press_until(terminal: Pty, key: str, holds: Callable[[], bool]) -> None:
    """Press a key again and again, as a person does, until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{key!r} led to nothing:\n{terminal.text}"
        terminal.press(key)
        until = time.monotonic() + 0.8
        while time.monotonic() < until and not holds():
            terminal.pump(0.05)


def test_a_real_agent_asks_is_allowed_is_denied_and_told_why(
    name: str, desk_of: Callable[[real.Turn], Desk]
) -> None:
    shell = AGENTS[name][1]

    def turn(seen: Seen, _: bool) -> Said:
        spoken = real.spoken(seen)
        if "no second file" in spoken:
            return Said("Then there is one file only.")
        if "second.txt" in spoken:
            return Said("It was refused.")
        if "made.txt" in spoken:
            return real.shell_call(shell, "touch second.txt")
        return real.shell_call(shell, "echo hello > made.txt")

    desk = desk_of(turn)
    with desk.terminal("open", str(desk.file)) as terminal:
        terminal.wait_text("press enter to run", "make the file")
        terminal.press("enter")
        terminal.wait_text("Inbox 1")
        terminal.press("6")
        terminal.wait_text("acp:execute", "made.txt")
        assert not (desk.work / "made.txt").exists()
        press_until(terminal, "a", (desk.work / "made.txt").exists)
        # The file is there a moment before what is in it.
        wait_until(lambda: (desk.work / "made.txt").read_text() == "hello\n")
        terminal.wait_text("second.txt", "acp:execute")
        press_until(terminal, "D", lambda: "why not?" in terminal.text)
        terminal.send(b"no second file")
        terminal.wait_text("no second file")
        terminal.press("enter")
        terminal.wait_until(lambda: "finished" in desk.fleettui("runs"), "the run's end")
        assert not (desk.work / "second.txt").exists()
        assert "Then there is one file only." in desk.fleettui("log", "coder")


def test_what_a_real_agent_made_in_its_worktree_goes_back_and_comes_again(
    name: str, desk_of: Callable[[real.Turn], Desk]
) -> None:
    shell = AGENTS[name][1]

    def turn(seen: Seen, _: bool) -> Said:
        if "wrote it" in real.spoken(seen):
            return Said("It is made.")
        return real.shell_call(shell, "echo hello > made.txt; echo wrote it")

    desk = desk_of(turn)
    repository(desk.work, a="a\n")
    with desk.terminal("open", str(desk.file)) as terminal:
        terminal.wait_text("press enter to run", "make the file")
        terminal.press("enter")
        terminal.wait_text("Inbox 1")
        terminal.press("6")
        terminal.wait_text("acp:execute", "made.txt")
        press_until(terminal, "a", lambda: bool(desk.made()))
        (made,) = desk.made()
        assert not (desk.work / "made.txt").exists()
        terminal.wait_until(lambda: "finished" in desk.fleettui("runs"), "the run's end")
        terminal.press("3")
        press_until(terminal, "r", lambda: "what will change" in terminal.text)
        terminal.wait_text("made.txt")
        press_until(terminal, "r", lambda: not made.exists())
        press_until(terminal, "z", made.exists)
        assert made.read_text() == "hello\n"
        assert not (desk.work / "made.txt").exists()


def test_a_host_killed_under_a_real_agent_leaves_nothing_and_asks_about_the_action(
    name: str, desk_of: Callable[[real.Turn], Desk]
) -> None:
    shell = AGENTS[name][1]

    def turn(seen: Seen, _: bool) -> Said:
        if "You were interrupted" in real.spoken(seen):
            return Said("I went on to the end.")
        return real.shell_call(shell, "echo begun > begun.txt; sleep 86399")

    desk = desk_of(turn)
    with desk.terminal("open", str(desk.file)) as terminal:
        terminal.wait_text("press enter to run")
        terminal.press("enter")
        terminal.wait_text("Inbox 1")
        terminal.press("6")
        terminal.wait_text("86399")
        press_until(terminal, "a", (desk.work / "begun.txt").exists)
        assert any("sleep 86399" in line for line in desk.programs())
        os.kill(desk.host(), signal.SIGKILL)
        wait_until(lambda: not desk.programs())
    with desk.terminal("open", str(desk.file)) as terminal:
        terminal.wait_text("Inbox 1")
        terminal.press("6")
        terminal.wait_text("nobody knows whether it was done")
        press_until(terminal, "d", lambda: "finished" in desk.fleettui("runs"))
        log = desk.fleettui("log", "coder")
        assert "I went on to the end." in log
        assert "resumed" in log
        assert "[not asked]" not in log
