"""The pool of model workers: a call goes to the one with the fewest open calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from fleettui.adapters.models.frames import Ask
from fleettui.adapters.models.names import route_of
from fleettui.adapters.models.remote import RemoteWorker
from fleettui.core.model import ModelReply, ModelRequest


class WorkerPool:
    """Satisfies ports.Model with real providers, asked by worker processes."""

    def __init__(self, log: Path | None = None, workers: int = 1) -> None:
        self.workers = tuple(RemoteWorker(log) for _ in range(max(workers, 1)))

    async def complete(
        self,
        request: ModelRequest,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelReply:
        """Ask the provider that the model's name means; raises ModelFailed."""
        ask = Ask(
            id=0,
            route=route_of(request.model, request.environment),
            messages=request.messages,
            tools=request.tools,
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            timeout=request.timeout,
            stream=request.stream,
            deltas=request.stream and on_text is not None,
        )
        worker = min(self.workers, key=lambda one: one.load)
        return await worker.ask(ask, on_text)

    async def close(self) -> None:
        """End every worker."""
        await asyncio.gather(*(worker.close() for worker in self.workers))
