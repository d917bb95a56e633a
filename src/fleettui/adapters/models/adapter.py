"""What the worker needs of a way to reach providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fleettui.adapters.models.frames import Ask
from fleettui.core.model import ModelReply


class CallAdapter(Protocol):
    """A way to make calls."""

    async def answer(self, ask: Ask, on_text: Callable[[str], None]) -> ModelReply:
        """Make one call, once; raises ModelFailed."""

    async def rest(self) -> None:
        """Close what is kept open for calls to come."""

    async def close(self) -> None:
        """Close everything."""
