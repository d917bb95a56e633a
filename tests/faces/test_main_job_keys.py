"""The whole main job in a pseudo-terminal, with keys only, on a repository made here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptys import Pty, clean_environment

from fleettui.host.lock import owner

FLEET = Path(__file__).parents[2] / "fleets" / "code-review.yaml"
PLANTED = 'import subprocess\n\n\ndef show(path):\n    subprocess.call("ls " + path, shell=True)\n'
PATIENCE = 30.0


class Desk:
    """A repository with a change, a home, and a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "repository"
        self.repository.mkdir()
        self.state = str(folder / "state")
        self.env = clean_environment(str(folder))
        self.git("init", "--quiet")
        self.git("config", "user.name", "Tester")
        self.git("config", "user.email", "tester@example.invalid")
        (self.repository / "show.py").write_text("x = 1\n")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "first")
        (self.repository / "show.py").write_text(PLANTED)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.repository,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def fleettui(self, *words: str) -> str:
        argv = [sys.executable, "-m", "fleettui", "--state", self.state, *words]
        return subprocess.run(
            argv, env=self.env, capture_output=True, text=True, check=False
        ).stdout

    def terminal(self, verb: str, *more: str, columns: int = 120, rows: int = 36) -> Pty:
        argv = [sys.executable, "-m", "fleettui", verb, *more, "--state", self.state]
        cwd = str(self.repository)
        return Pty(argv, env=self.env, cwd=cwd, columns=columns, rows=rows)

    def end(self) -> None:
        pid = owner(self.state)
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.end()


def press_until(terminal: Pty, key: str, *texts: str) -> None:
    """Press a key again and again, as a person does, until the texts are there."""
    deadline = time.monotonic() + PATIENCE
    while not all(text in terminal.text for text in texts):
        if time.monotonic() > deadline:
            raise AssertionError(f"{key!r} never led to {texts!r}:\n{terminal.text}")
        terminal.press(key)
        until = time.monotonic() + 0.6
        while time.monotonic() < until and not all(text in terminal.text for text in texts):
            terminal.pump(0.05)


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (80, 24)])
def test_review_vote_approve_pause_roll_back_detach_and_come_back(
    desk: Desk, columns: int, rows: int
) -> None:
    with desk.terminal("open", str(FLEET), columns=columns, rows=rows) as terminal:
        terminal.wait_text("press enter to run", "review the changes")
        terminal.press("enter")
        terminal.wait_text("Inbox 1")
        assert desk.git("notes", "--ref=fleettui", "list") == ""
        terminal.press("6")
        press_until(terminal, "a", "allowed")
        terminal.wait_until(lambda: "Verdict" in desk.git("notes", "--ref=fleettui", "show"))
        terminal.press("3")
        press_until(terminal, "p", "PAUS")
        press_until(terminal, "r", "roll back")
        terminal.wait_text("what cannot be undone")
        terminal.press("esc")
        press_until(terminal, "q", "attach comes back")
        terminal.press("enter")
        assert terminal.wait_exit() == 0
    assert "paused" in desk.fleettui("ps")
    with desk.terminal("attach", columns=columns, rows=rows) as terminal:
        terminal.wait_text("PAUS", "security")


def test_killing_the_terminal_leaves_the_fleet_alone(desk: Desk) -> None:
    with desk.terminal("open", str(FLEET)) as terminal:
        terminal.wait_text("press enter to run")
        terminal.kill(signal.SIGKILL)
    assert "security-reviewer" in desk.fleettui("ps")


@pytest.mark.parametrize("term", ["xterm-256color", "xterm", "screen", "linux"])
def test_every_usual_terminal_gets_a_screen_without_colorterm(desk: Desk, term: str) -> None:
    del desk.env["COLORTERM"]
    desk.env["TERM"] = term
    with desk.terminal("open", str(FLEET)) as terminal:
        terminal.wait_text("press enter to run")
        terminal.press("esc")
        terminal.wait_text("3 Agents", "security")
