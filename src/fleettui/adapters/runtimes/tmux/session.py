"""One agent's session: its program, its folder, and the words that pass between them."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import stat
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fleettui.adapters.processes.keeping import Keeping, boot_argv, keeper_argv
from fleettui.adapters.runtimes.tmux import done
from fleettui.adapters.runtimes.tmux.server import TmuxServer
from fleettui.core.errors import AgentDied, FleettuiError
from fleettui.core.model import Workplace
from fleettui.core.safe import sanitize
from fleettui.core.sessions import session_name

# How often (seconds) a session is looked at that says nothing, and how long a program may take
# to say that it is ready before it is typed to anyway.
_LOOK: Final = 5.0
_READY: Final = 2.0
_SIZE: Final = ("-x", "120", "-y", "36")


class Session:
    """The session of one agent on the server of a state folder."""

    def __init__(self, server: TmuxServer, fleet: str, agent: str) -> None:
        self._server, self._owner = server, f"{fleet}/{agent}"
        self.name = session_name(fleet, agent)
        # One below the other: names may have any number of `-`.
        self.folder = Path(server.home) / "sessions" / self.name

    @property
    def turn(self) -> str:
        """Name the turn that the program works on, empty for none."""
        return self._read("turn")

    @property
    def is_typed(self) -> bool:
        """Say whether the turn's prompt was typed."""
        return self._read("typed") == self.turn != ""

    async def is_alive(self) -> bool:
        """Say whether the program runs."""
        if not await self._server.holds("has-session", "-t", f"={self.name}"):
            return False
        told = await self._server.ask(
            "display-message", "-p", "-t", f"={self.name}:main", "#{pane_dead}"
        )
        return told.strip() == "0"

    async def begin(self, command: Sequence[str], place: Workplace, *, survives: bool) -> None:
        """Start the program in a new session, with its folder and its two windows."""
        await self._server.start()
        await self.end()
        self._prepare(command, place)
        variables = self.folder / "variables"
        variables.touch(mode=0o600)
        variables.write_text(json.dumps(self._variables(place)))
        argv = keeper_argv(
            Keeping(self._owner, place.limits), command, tty=True, survives=survives,
            ended=str(self.folder / "ended"), bell=str(self.folder / "bell"),
            variables=str(variables),
        )  # fmt: skip
        await self._server.ask(
            "new-session", "-d", "-s", self.name, "-n", "main", *_SIZE,
            "-c", place.workspace, *argv,
        )  # fmt: skip
        keeper = await self._server.ask(
            "display-message", "-p", "-t", f"={self.name}:main", "#{pane_pid}"
        )
        usage = boot_argv("fleettui.adapters.runtimes.tmux.usage", keeper.strip())
        await self._server.ask("new-window", "-d", "-t", f"={self.name}", "-n", "monitor", *usage)
        await self._wait_ready()

    def _prepare(self, command: Sequence[str], place: Workplace) -> None:
        """Make the folder: a FIFO that rings, and the command that a program ends its turn with."""
        del command, place
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("turn", "typed", "done", "ready", "ended", "output", "prompt", "variables"):
            (self.folder / name).unlink(missing_ok=True)
        bell = self.folder / "bell"
        if not bell.exists() or not stat.S_ISFIFO(bell.stat().st_mode):
            bell.unlink(missing_ok=True)
            os.mkfifo(bell, 0o600)
        words = shlex.join([sys.executable, "-I", "-S", done.__file__, str(self.folder)])
        script = self.folder / "finish"
        script.touch(mode=0o700)
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')

    def _variables(self, place: Workplace) -> Mapping[str, str]:
        return {
            **place.environment,
            "FLEETTUI_DONE": str(self.folder / "finish"),
            "FLEETTUI_OUTPUT": str(self.folder / "output"),
            "FLEETTUI_PROMPT": str(self.folder / "prompt"),
        }

    async def _wait_ready(self) -> None:
        """Wait until the program says it takes prompts, or some time has passed."""
        try:
            async with asyncio.timeout(_READY), self._ringing() as wait_ring:
                while not (self.folder / "ready").exists() and not self._ended():
                    await wait_ring(_READY)
        except TimeoutError:
            return

    async def type(self, turn: str, prompt: str) -> None:
        """Hand a turn to the program: the prompt is pasted, not interpreted, and entered."""
        for name in ("done", "output", "typed"):
            (self.folder / name).unlink(missing_ok=True)
        text = sanitize(prompt)
        self._write("prompt", text)
        self._write("turn", turn)
        buffer = f"prompt-{self.name}"
        await self._server.ask("load-buffer", "-b", buffer, "-", stdin=text)
        target = f"={self.name}:main"
        await self._server.ask("paste-buffer", "-p", "-d", "-b", buffer, "-t", target)
        await self._server.ask("send-keys", "-t", target, "Enter")
        self._write("typed", turn)

    async def wait_output(self, turn: str) -> str:
        """Wait for the turn's end: the program says so, or exits.

        Raises FleettuiError where it says that it failed, AgentDied where it is gone.
        """
        async with self._ringing() as wait_ring:
            while True:
                word = self._done(turn)
                if word is not None:
                    self._take_over()
                    output = _cut(word["output"])
                    if word["failed"]:
                        raise FleettuiError(f"the program said it failed: {output[:300]}")
                    return output
                ended = self._ended()
                if ended is None and not await self.is_alive():
                    ended = self._ended() or {"code": -9, "limit": ""}
                if ended is not None and self._done(turn) is None:
                    return self._last_output(ended)
                await wait_ring(_LOOK)

    def _last_output(self, ended: Mapping[str, Any]) -> str:
        """Give the output of a program that exited.

        Raises FleettuiError for a failure that it says itself, AgentDied where it was killed.
        """
        output = _cut(self._read("output"))
        self._take_over()
        if ended["code"] == 0:
            return output
        code = ended["code"]
        how = f"exited with {code}" if code > 0 else f"was ended by signal {-code}"
        over = f", over its limit of {ended['limit']}" if ended["limit"] else ""
        what = f"the program {how}{over} before its turn was done"
        raise FleettuiError(what) if code > 0 and not over else AgentDied(what)

    def _take_over(self) -> None:
        """End a turn whose output was read; what the program wrote may hold its secrets."""
        self._write("turn", "")
        for name in ("done", "output"):
            (self.folder / name).unlink(missing_ok=True)

    def _done(self, turn: str) -> dict[str, Any] | None:
        text = self._read("done")
        try:
            found = json.loads(text) if text else None
        except ValueError:
            return None
        return found if isinstance(found, dict) and found.get("turn") == turn else None

    def _ended(self) -> dict[str, Any] | None:
        text = self._read("ended")
        return json.loads(text) if text else None

    async def end(self) -> None:
        """End the session; its keeper ends everything in it."""
        await self._server.holds("kill-session", "-t", f"={self.name}")

    @asynccontextmanager
    async def _ringing(self) -> AsyncIterator[Callable[[float], Any]]:
        """Give a wait for the FIFO's next ring, of so many seconds at most."""
        rung = asyncio.Event()
        bell = os.open(self.folder / "bell", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

        def hear() -> None:
            os.read(bell, 4096)
            rung.set()

        async def wait(seconds: float) -> None:
            try:
                async with asyncio.timeout(seconds):
                    await rung.wait()
            except TimeoutError:
                return
            finally:
                rung.clear()

        loop = asyncio.get_running_loop()
        loop.add_reader(bell, hear)
        try:
            yield wait
        finally:
            loop.remove_reader(bell)
            os.close(bell)

    def _read(self, name: str) -> str:
        try:
            with (self.folder / name).open(encoding="utf-8", errors="replace") as file:
                return file.read(4 * done.MOST)
        except OSError:
            return ""

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", errors="replace")


def _cut(text: str) -> str:
    if len(text) <= done.MOST:
        return text
    return f"{text[: done.MOST]}\n[... the rest over {done.MOST:,} characters left out ...]"
