"""One attached terminal from hello to end: the app behind it, kept apart from all others."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TextIO

from rich.color import ColorSystem
from rich.console import Console
from textual.app import App

from fleettui.client import Client
from fleettui.core.safe import one_line, sanitize
from fleettui.host.colours import Downgrade, colour_system
from fleettui.host.hello import Hello
from fleettui.host.line import Line
from fleettui.host.terminal import Terminal, hang_up

_log = logging.getLogger(__name__)
# How long an app may take to close once its terminal is gone, in seconds.
_PATIENCE = 5.0
_SWAPPED = ("NO_COLOR", "TERM", "COLORTERM")


class Visit(NamedTuple):
    """What an app is made for: whose terminal shows which fleet.

    `base` is the git revision that was asked for with `--base`, `driver` the class Textual is to
    make the app's driver from, `environment` the one of whoever sits there (kept in memory only).
    """

    client: Client
    fleet: str
    base: str
    workspace: str
    driver: type[Terminal]
    environment: Mapping[str, str]


class MakeApp(Protocol):
    """Makes the app of one terminal."""

    def __call__(self, visit: Visit) -> App[Any]:
        """Make it; never awaits."""


class Words(Protocol):
    """Says what an app's result means to the one who leaves it."""

    def __call__(self, result: object, fleet: str) -> str:
        """Give the client's last words, or nothing."""


class Streams(NamedTuple):
    """The process's own stdout and stderr: its log."""

    out: TextIO
    err: TextIO


class Showing:
    """Shows the apps of one process, each on its own terminal.

    `streams` are the process's own stdout and stderr, where nothing of an app may go.
    """

    def __init__(self, make_app: MakeApp, words: Words, streams: Streams) -> None:
        self._make_app = make_app
        self._words = words
        self._streams = streams

    async def __call__(self, line: Line, hello: Hello, client: Client, fleet: str) -> None:
        """Run an app on a client's terminal until either ends, and tell the client how it ended.

        Call it in a task with a context of its own: Textual keeps the running app in it.
        """
        driver = driver_for(line, hello)
        with _environment_of(hello):
            app = self._make_app(
                Visit(client, fleet, hello.base, hello.workspace, driver, hello.environment)
            )
        _prepare(app, hello)
        try:
            await _run(app, line)
        finally:
            # Apps that overlap put back each other's capture, the last one that of a dead app.
            sys.stdout, sys.stderr = self._streams
        code, message = _farewell(app, client.operator)
        line.end(code, message or sanitize(self._words(app.return_value, fleet)))


def driver_for(line: Line, hello: Hello) -> type[Terminal]:
    """Give the class that Textual makes the driver of this terminal from."""
    driver = type("AttachedTerminal", (Terminal,), {})
    assert issubclass(driver, Terminal)
    driver.line, driver.first_size = line, (hello.columns, hello.rows)
    return driver


async def _run(app: App[Any], line: Line) -> None:
    """Run an app, and end it when its terminal goes."""
    running = asyncio.create_task(app.run_async())
    gone = asyncio.create_task(line.lost.wait())
    try:
        await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            hang_up(app)
            await asyncio.wait({running}, timeout=_PATIENCE)
    finally:
        for task in (running, gone):
            task.cancel()
        await asyncio.gather(running, gone, return_exceptions=True)


def _prepare(app: App[Any], hello: Hello) -> None:
    """Set what Textual takes from the process to what this client needs."""
    app.console._color_system = ColorSystem.TRUECOLOR  # noqa: SLF001 see host.md, trap 1
    app._filters.append(Downgrade(colour_system(hello.environment)))  # noqa: SLF001
    # Its tracebacks show local values, and it would print them on our streams.
    app.error_console = Console(file=io.StringIO(), stderr=False)


def _farewell(app: App[Any], operator: str) -> tuple[int, str]:
    """Give exit code and, of a crash, its kind and message; never a line of source."""
    crash = app._exception  # noqa: SLF001 the only place Textual keeps it
    if crash is None:
        return app.return_code or 0, ""
    _log.error("the screen of %s crashed", operator, exc_info=crash)
    what = one_line(f"{type(crash).__name__}: {crash}", 300)
    return 1, f"the screen crashed: {what}\nthe fleet goes on: fleettui attach"


@contextmanager
def _environment_of(hello: Hello) -> Iterator[None]:
    """Let Textual read the client's terminal variables in the one moment it looks at them."""
    before = {name: os.environ.pop(name, None) for name in _SWAPPED}
    os.environ.update(
        {name: hello.environment[name] for name in _SWAPPED if name in hello.environment}
    )
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
