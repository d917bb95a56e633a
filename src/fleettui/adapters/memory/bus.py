"""MemoryBus: subjects in one process; publishing never waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fleettui.core.errors import Forbidden
from fleettui.core.subjects import SYSTEM_PERMISSIONS, Permissions
from fleettui.core.topics import fits


class MemorySubscription:
    """A bounded queue; what does not fit any more makes it forget everything and say so."""

    def __init__(self, patterns: Sequence[str], most: int) -> None:
        self._patterns = [pattern.split(".") for pattern in patterns]
        self._most = most
        self._things: deque[Any] = deque()
        self._wake = asyncio.Event()
        self._overflowed = False

    @property
    def overflowed(self) -> bool:
        """Say whether something was dropped since the last look; looking clears it."""
        was, self._overflowed = self._overflowed, False
        return was

    def hears(self, parts: Sequence[str]) -> bool:
        """Say whether a subject fits one of the patterns."""
        return any(fits(pattern, parts) for pattern in self._patterns)

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
    """Who wants to know; a subject is dot-separated, patterns may use `*` and a last `>`."""

    def __init__(self) -> None:
        self._subscriptions: set[MemorySubscription] = set()

    def publish(
        self, subject: str, things: Sequence[Any], *, by: Permissions = SYSTEM_PERMISSIONS
    ) -> None:
        """Hand things to every subscription that fits; raises Forbidden."""
        if by is not SYSTEM_PERMISSIONS and not by.may_publish(subject):
            raise Forbidden(f"'{subject}' is not yours to publish on")
        if not things or not self._subscriptions:
            return
        parts = subject.split(".")
        for subscription in self._subscriptions:
            if subscription.hears(parts):
                subscription.put(things)

    def subscribe(
        self, *patterns: str, most: int = 10_000, by: Permissions = SYSTEM_PERMISSIONS
    ) -> AbstractAsyncContextManager[MemorySubscription]:
        """Subscribe while the context is open; raises Forbidden."""
        for pattern in patterns:
            if by is not SYSTEM_PERMISSIONS and not by.may_subscribe(pattern):
                raise Forbidden(f"'{pattern}' is not yours to hear")
        return self._subscribe(patterns, most)

    @asynccontextmanager
    async def _subscribe(
        self, patterns: Sequence[str], most: int
    ) -> AsyncIterator[MemorySubscription]:
        subscription = MemorySubscription(patterns, most)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
