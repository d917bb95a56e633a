"""What every watcher of events shares: one loop, errors isolated, a catch-up when it was slow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fleettui.core.events import Recorded
from fleettui.core.subjects import EVERY_EVENT
from fleettui.core.tenancy import is_tenant_stream
from fleettui.engine.engine import Engine

_log = logging.getLogger(__name__)


async def watch_events(
    engine: Engine,
    ready: asyncio.Event,
    on_event: Callable[[Recorded], Coroutine[Any, Any, None] | None],
    catch_up: Callable[[], Coroutine[Any, Any, None] | None],
    *,
    tenants: bool = False,
) -> None:
    """Call `on_event` for every stored event; `catch_up` at first, and after an overflow.

    `ready` is set once nothing can be missed any more. With `tenants` the events of tenants as a
    whole are among them, else those of fleets only.
    """
    async with engine.bus.subscribe(EVERY_EVENT) as subscription:
        ready.set()
        await isolated(catch_up)
        while True:
            events = await subscription.take()
            if subscription.overflowed:
                await isolated(catch_up)
            for event in events:
                if not tenants and is_tenant_stream(event.stream):
                    continue
                # As `isolated` does, without a coroutine for each of many events.
                try:
                    waiting = on_event(event)
                    if waiting is not None:
                        await waiting
                except Exception:  # noqa: BLE001 it is recorded, and others go on
                    _log.exception("a watcher failed")


async def isolated(call: Callable[..., Coroutine[Any, Any, None] | None], *what: Any) -> None:
    """Call a watcher; its error is recorded and stays its own."""
    try:
        waiting = call(*what)
        if waiting is not None:
            await waiting
    except Exception:  # noqa: BLE001 it is recorded, and others go on
        _log.exception("a watcher failed")
