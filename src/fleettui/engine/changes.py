"""Changes: how whoever waits for something in a fleet learns that it may have come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """A bell that rings when something in a fleet changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds; it is asked again at every ring."""
        while not condition():
            await self._event.wait()
