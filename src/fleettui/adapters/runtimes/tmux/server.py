"""The tmux server of a state folder: its commands, run without a shell and without our secrets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fleettui.adapters.processes.program import run_program
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.sessions import session_socket

PASSED: Final = ("PATH", "HOME", "LANG", "USER", "LOGNAME")
_CONFIG: Final = """\
set -g remain-on-exit on
set -g allow-rename off
set -g set-titles off
set -g set-clipboard off
set -g escape-time 50
set -g assume-paste-time 0
set -g history-limit 20000
set -g mouse on
set -g status-left "[#{session_name}] "
set -g status-left-length 60
set -g status-right "F12: back to fleettui "
set -g default-terminal "screen-256color"
bind -n F12 detach-client
"""


class TmuxServer:
    """Sends commands to a server of our own, never to the user's."""

    def __init__(self, home: str) -> None:
        """Take the folder of runtimes (in the state folder)."""
        self.home = home
        self.socket = session_socket(str(Path(home).parent), os.geteuid())

    async def start(self) -> None:
        """Make the folders and the settings; raises Refused where tmux is missing."""
        if shutil.which("tmux") is None:
            raise Refused("agents of type tmux need tmux", "install it: apt-get install tmux")
        for folder in (Path(self.home), Path(self.socket).parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise Refused(f"others may write into {folder}", f"run `chmod 700 {folder}`")
        config = Path(self.home) / "tmux.conf"
        config.touch(mode=0o600)
        config.write_text(_CONFIG)

    async def ask(self, *words: str, stdin: str | None = None) -> str:
        """Send a command and give what it prints; raises FleettuiError with tmux's words."""
        code, output, errors = await self._run(words, stdin)
        if code:
            raise FleettuiError(f"tmux {words[0]}: {errors.strip() or output.strip()}")
        return output

    async def holds(self, *words: str) -> bool:
        """Send a command that answers by its exit code."""
        return (await self._run(words, None))[0] == 0

    async def _run(self, words: Sequence[str], stdin: str | None) -> tuple[int, str, str]:
        config = str(Path(self.home) / "tmux.conf")
        try:
            ended = await run_program(
                ("tmux", "-S", self.socket, "-f", config, *words),
                cwd="/",
                env=environment(),
                stdin=None if stdin is None else stdin.encode("utf-8", "replace"),
                timeout=20.0,
            )
        except FileNotFoundError:
            return 127, "", "tmux is not installed"
        return ended.exit_code, ended.text, ended.errors.decode(errors="replace")


def environment() -> Mapping[str, str]:
    """Give the few variables that reach the server, and so every session."""
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **passed, "TERM": "xterm-256color"}
