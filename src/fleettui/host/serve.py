"""The host: one process that owns a state folder, from its first connection to its quiet end."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import socket
import time

from fleettui import __version__
from fleettui.core.errors import FleettuiError
from fleettui.host.house import Build, House
from fleettui.host.line import Line
from fleettui.host.lock import Claim
from fleettui.host.paths import log_path
from fleettui.host.reception import Reception
from fleettui.host.wire import About

_log = logging.getLogger(__name__)
# How long a connection may say nothing, the visitors of a host that ends may take to hear so, and
# an engine may take to close, in seconds.
_FIRST_WORD = 10.0
_GOODBYE = 1.0
_LONGEST_END = 5


class Loop(asyncio.SelectorEventLoop):
    """A loop whose tasks stay as they are: Textual would make them eager on Python 3.12."""

    def set_task_factory(self, factory: object) -> None:
        """Keep the factory; see host.md, trap 7."""


def run_host(
    claim: Claim, idle: float, build: Build, reception: Reception, *, patience: float = _FIRST_WORD
) -> str:
    """Serve a claimed state folder until it has nothing to do or is told to stop.

    Gives why there was no engine, empty where there was one; whoever it was started for has
    `patience` seconds to come and be told.
    """
    os.umask(0o077)
    host = Host(claim, idle, build, reception, patience)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_run_watched(host))
    return host.trouble


async def _run_watched(host: Host) -> None:
    host.watch_signals()
    await host.run()


class Host:
    """The connections of a state folder, and the engine they come for."""

    def __init__(
        self,
        claim: Claim,
        idle: float,
        build: Build,
        reception: Reception,
        patience: float = _FIRST_WORD,
    ) -> None:
        self._patience = patience
        self._claim = claim
        self._idle = idle
        self._build = build
        self._reception = reception
        self._lines: dict[Line, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()
        self._visited = asyncio.Event()
        self._house: House | None = None
        self.trouble = ""
        self._since = time.time()

    async def run(self) -> None:
        """Listen, build the engine, serve, and go."""
        loop = asyncio.get_running_loop()
        listener = socket.socket(fileno=os.dup(self._claim.listener))
        server = await loop.create_unix_server(lambda: Line(self._opened), sock=listener)
        try:
            async with self._build() as house:
                self._house = house
                self._ready.set()
                _log.info("serving %s", self._claim.state)
                await self._wait_end()
                self._claim.unlink()
                server.close()
                await self._say_goodbye()
        except Exception as error:  # noqa: BLE001 it is recorded, and whoever came is told
            cause = _cause(error)
            if not isinstance(cause, FleettuiError):
                _log.exception("the engine failed")
            await self._explain(cause)
        finally:
            server.close()
            self._claim.release()
            _log.info("ended")

    def stop(self) -> None:
        """End at once, in good order; the fleets stay open in the store."""
        self._stop.set()

    def about(self, operator: str) -> About:
        """Say who we are to an operator."""
        return About(
            operator,
            __version__,
            os.getpid(),
            self._claim.state,
            self._since,
            self._reception.count(),
        )

    # --- connections -----------------------------------------------------------------------------

    def _opened(self, line: Line) -> None:
        """Give a connection a task, in a context of its own: Textual keeps the app in it."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._visit(line), context=contextvars.Context())
        self._lines[line] = task
        self._visited.set()

    async def _visit(self, line: Line) -> None:
        """See one connection through; whatever goes wrong with it stays with it."""
        try:
            async with asyncio.timeout(_FIRST_WORD):
                first = await line.wait_first()
            await self._ready.wait()
            if first is None:
                return
            if self._house is None:
                self._reception.turn_away(line, first, self.trouble)
                return
            await self._reception.receive(line, first, self._house, self.about, self.stop)
        except TimeoutError:
            line.end(1, "nothing was said")
        except Exception:  # noqa: BLE001 it is recorded, and others go on
            _log.exception("a visit failed")
            line.end(1, f"the host failed at this; its log is in {self._claim.state}")
        finally:
            line.close()
            del self._lines[line]

    async def _say_goodbye(self) -> None:
        """Tell everybody that this is the end, and give them a moment to hear it."""
        lines = list(self._lines)
        tasks = list(self._lines.values())
        if self._house is not None:
            for line in lines:
                self._reception.dismiss(line)
        await asyncio.gather(*(line.wait_closed(_GOODBYE) for line in lines))
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _explain(self, error: Exception) -> None:
        """Tell whoever this host was started for why there is no engine."""
        log = log_path(self._claim.state)
        known = isinstance(error, FleettuiError)
        self.trouble = str(error) if known else f"the host failed; its log is {log}"
        self._ready.set()
        try:
            async with asyncio.timeout(self._patience):
                await self._visited.wait()
        except TimeoutError:
            return
        self._claim.unlink()
        await self._say_goodbye()

    # --- its end ---------------------------------------------------------------------------------

    async def _wait_end(self) -> None:
        """Wait until we are told to stop, or have had nothing to do for long enough."""
        quiet_since: float | None = None
        while not self._stop.is_set():
            assert self._house is not None
            now = time.monotonic()
            if self._lines or self._house.is_busy():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = now
            elif now - quiet_since >= self._idle:
                _log.info("nothing to do")
                return
            try:
                async with asyncio.timeout(min(max(self._idle / 8, 0.02), 1.0)):
                    await self._stop.wait()
            except TimeoutError:
                continue

    def watch_signals(self) -> None:
        """SIGTERM and SIGINT end us in good order, a second one at once; SIGHUP is nothing."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_stop, number)
        # A handler that does nothing, not SIG_IGN: what we start would inherit that.
        loop.add_signal_handler(signal.SIGHUP, _nothing)

    def _told_to_stop(self, number: int) -> None:
        if self._stop.is_set():
            os._exit(128 + number)
        # The kernel ends us if closing hangs, even with a blocked loop.
        signal.alarm(_LONGEST_END)
        self.stop()


def _cause(error: Exception) -> Exception:
    """Give what a group of tasks ended with, where it was one thing."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _nothing() -> None:
    """Do nothing."""
