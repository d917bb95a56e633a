"""MemoryBus: topics in one process; publishing never waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fleettui.core.topics import fits


class MemorySubscription:
    """A bounded queue; what does not fit any more makes it forget everything and say so."""

    def __init__(self, pattern: str, most: int) -> None:
        self.parts = pattern.split(".")
        self._most = most
        self._things: deque[Any] = deque()
        self._wake = asyncio.Event()
        self._overflowed = False

    @property
    def overflowed(self) -> bool:
        """Say whether something was dropped since the last look; looking clears it."""
        was, self._overflowed = self._overflowed, False
        return was

    def put(self, things: Sequence[Any]) -> None:
        """Add things, or drop all that waits when it is too much."""
        if len(self._things) + len(things) > self._most:
            self._things.clear()
            self._overflowed = True
        else:
            self._things.extend(things)
        self._wake.set()

    async def take(self) -> Sequence[Any]:
        """Wait for something, or for an overflow, and give all that is there."""
        await self._wake.wait()
        self._wake.clear()
        things = list(self._things)
        self._things.clear()
        return things


class MemoryBus:
    """Who wants to know; a topic is dot-separated, patterns may use `*` and a last `>`."""

    def __init__(self) -> None:
        self._subscriptions: set[MemorySubscription] = set()

    def publish(self, topic: str, things: Sequence[Any]) -> None:
        """Hand things to every subscription whose pattern fits."""
        if not things or not self._subscriptions:
            return
        parts = topic.split(".")
        for subscription in self._subscriptions:
            if fits(subscription.parts, parts):
                subscription.put(things)

    def subscribe(
        self, pattern: str, *, most: int = 10_000
    ) -> AbstractAsyncContextManager[MemorySubscription]:
        """Subscribe while the context is open."""
        return self._subscribe(pattern, most)

    @asynccontextmanager
    async def _subscribe(self, pattern: str, most: int) -> AsyncIterator[MemorySubscription]:
        subscription = MemorySubscription(pattern, most)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
