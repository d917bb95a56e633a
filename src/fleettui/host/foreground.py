"""Host and terminal as one process, for development and tests."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

from fleettui.core.errors import Refused
from fleettui.host.house import Build
from fleettui.host.journal import open_journal
from fleettui.host.lock import Claim, claim, owner
from fleettui.host.reception import Reception
from fleettui.host.serve import Host, Loop

_LONGEST_END = 5.0


def in_foreground(state: str, build: Build, reception: Reception, visit: Callable[[], int]) -> int:
    """Serve a state folder while `visit` shows it on this terminal; gives the visit's exit code.

    Raises Refused when another host has the folder.
    """
    claimed = claim(state)
    if claimed is None:
        raise Refused(
            f"process {owner(state)} is the host of {state} already",
            "leave out --foreground, or choose another folder with --state DIR",
        )
    open_journal(state)
    streams = sys.stdout, sys.stderr
    with open(f"{state}/host.out", "a", encoding="utf-8", buffering=1) as printed:
        os.chmod(printed.fileno(), 0o600)
        # What the host prints must not reach the screen it draws.
        sys.stdout = sys.stderr = printed
        serving = _Serving(claimed, build, reception)
        try:
            serving.start()
            return visit()
        finally:
            serving.end()
            sys.stdout, sys.stderr = streams


class _Serving:
    """A host in a thread of its own, since the terminal's loop waits for signals in the first."""

    def __init__(self, claimed: Claim, build: Build, reception: Reception) -> None:
        self._claimed, self._build, self._reception = claimed, build, reception
        self._loop: asyncio.AbstractEventLoop | None = None
        self._host: Host | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="host", daemon=True)

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self._thread.start()
        self._started.wait()

    def end(self) -> None:
        """End it in good order, or leave it behind if it takes too long."""
        if self._loop is not None and self._host is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._host.stop)
        self._thread.join(_LONGEST_END)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=Loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._host = Host(self._claimed, float("inf"), self._build, self._reception)
        self._started.set()
        await self._host.run()
