"""The pace of a stream: pieces of text merged, so that at most twenty a second leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

INTERVAL: Final = 0.05


class Pace:
    """Gathers text and emits it at intervals; the rest goes out when the block ends well."""

    def __init__(
        self,
        emit: Callable[[str], Awaitable[None]],
        *,
        silent: bool = False,
        interval: float = INTERVAL,
    ) -> None:
        self._emit = emit
        self._silent = silent
        self._interval = interval
        self._pieces: list[str] = []
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """Take a piece of text."""
        if text and not self._silent:
            self._pieces.append(text)
            self._some.set()

    async def __aenter__(self) -> Self:
        if not self._silent:
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if kind is None:
            await self._flush()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._flush()
            await asyncio.sleep(self._interval)

    async def _flush(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        self._some.clear()
        if text:
            await self._emit(text)
