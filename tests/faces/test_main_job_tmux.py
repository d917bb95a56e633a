"""The terminal of an interactive agent from the cockpit and from the command line, and back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptys import Pty, clean_environment

from fleettui.core.sessions import session_socket
from fleettui.host.lock import owner

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
PROGRAM = 'print("I am the program", flush=True)\nwhile True: print("it heard", input())\n'


class Desk:
    """A fleet of one interactive program, and a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.state, self.folder = str(folder / "state"), folder
        (folder / "program.py").write_text(PROGRAM)
        spec = {"type": "tmux", "command": [sys.executable, "program.py"], "timeout": 600}
        fleet = {
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "talk"},
            "spec": {"agents": [{"name": "chat", "spec": spec}], "coordination": {"mode": "peer"}},
        }  # fmt: skip
        (folder / "fleet.yaml").write_text(json.dumps(fleet))
        self.env = clean_environment(str(folder))

    def terminal(self, *words: str, columns: int = 120, rows: int = 36) -> Pty:
        argv = [sys.executable, "-m", "fleettui", *words, "--state", self.state]
        return Pty(argv, env=self.env, cwd=str(self.folder), columns=columns, rows=rows)

    def end(self) -> None:
        pid = owner(self.state)
        if pid and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
        socket = session_socket(self.state, os.geteuid())
        subprocess.run(["tmux", "-S", socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.end()


@pytest.mark.parametrize(("columns", "rows"), [(120, 36), (80, 24)])
def test_into_the_agents_terminal_and_back(desk: Desk, columns: int, rows: int) -> None:
    with desk.terminal("open", "fleet.yaml", columns=columns, rows=rows) as terminal:
        terminal.wait_text("talk")
        terminal.press("3")
        terminal.wait_text("chat")
        terminal.press("l")
        terminal.wait_text("has no session now")
        terminal.press("t")
        terminal.wait_text("task")
        terminal.press("hello")
        terminal.press("enter")
        terminal.wait_text("RUN", "working")
        terminal.press("3")
        terminal.press("l")
        terminal.wait_text("I am the program", "it heard", "F12: back to fleettui")
        terminal.press("from the operator")
        terminal.press("enter")
        terminal.wait_text("it heard from the operator")
        terminal.press("\x1b[24~")
        terminal.wait_text("Agents", "RUN")
        terminal.press("?")
        terminal.wait_text("esc back")
    with desk.terminal("attach-agent", "chat") as again:
        again.wait_text("it heard from the operator")
        again.press("\x1b[24~")
        assert again.wait_exit() == 0
