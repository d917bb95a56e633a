"""What a host is made of: the engine of its folder, and the cockpit for its terminals.

Main imports this only after the socket listens; Textual comes with the first terminal.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fleettui.adapters.secrets.environ import take
from fleettui.core.secrets import MASTER_KEY
from fleettui.host.foreground import in_foreground
from fleettui.host.headless import serve_headless
from fleettui.host.house import House
from fleettui.host.journal import open_journal, redact_journal
from fleettui.host.lock import Claim
from fleettui.host.reception import Reception, Show
from fleettui.host.serve import run_host
from fleettui.serving import daemon_settings
from fleettui.wiring import collect_rarely, house


def serve_claimed(claimed: Claim, idle: float) -> None:
    """Serve a folder that is ours, until there was nothing to do for `idle` seconds."""
    open_journal(claimed.state)
    run_host(claimed, idle, lambda: _build(claimed.state), Reception(_load_show, own_refused=True))


def serve_beside(state: str, visit: Callable[[], int]) -> int:
    """Serve a folder for as long as `visit` shows it, in this process; gives its exit code."""
    return in_foreground(
        state, lambda: _build(state), Reception(_load_show, own_refused=True), visit
    )


def serve_flows(state: str, config: str, flows: str) -> str:
    """Serve flows without a screen until a signal ends it; gives why it could not.

    Raises BadSpec for a config with errors, Refused where another host has the folder.
    """
    environment = dict(os.environ)
    settings, variables = daemon_settings(config, flows, environment)
    environment.update(variables)

    @asynccontextmanager
    async def build() -> AsyncIterator[House]:
        async with house(Path(state), environment, settings) as built:
            collect_rarely()
            await built.serving.wait_settled()
            yield built

    return serve_headless(state, build, Reception(_load_show, own_refused=True))


@asynccontextmanager
async def _build(state: str) -> AsyncIterator[House]:
    environment = dict(os.environ)
    # What we start must not be able to read it in /proc.
    take(MASTER_KEY)
    async with house(Path(state), environment) as built:
        redact_journal(built.engine.redactions.everywhere)
        # Main switched it off: a tenth of the time to load all this went into looking for garbage.
        collect_rarely()
        yield built


def _load_show() -> Show:
    """Load Textual and the cockpit; what they leave behind is never garbage."""
    gc.disable()
    try:
        from fleettui.host.screen import Showing, Streams, Visit
        from fleettui.tui.app import CockpitApp
    finally:
        gc.enable()
    gc.freeze()

    def make_app(visit: Visit) -> CockpitApp:
        return CockpitApp(
            visit.client,
            fleet=visit.fleet,
            base=visit.base,
            driver_class=visit.driver,
            environment=visit.environment,
        )

    return Showing(make_app, _last_words, Streams(sys.stdout, sys.stderr))


def _last_words(result: object, fleet: str) -> str:
    """Say what the way somebody left the cockpit means for the fleet."""
    if result == "stop":
        return f"{fleet} stops at a safe point; its record stays"
    return "detached; the fleet goes on: fleettui attach"
