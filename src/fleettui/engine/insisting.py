"""Insisting: what must be recorded is tried until the store takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fleettui.core.errors import StoreFailed

_T = TypeVar("_T")
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 5.0


async def until_stored(attempt: Callable[[], Awaitable[_T]]) -> _T:
    """Try until the store takes it (a full disk gets room again); other errors are raised."""
    wait = _FIRST_WAIT
    while True:
        try:
            return await attempt()
        except StoreFailed:
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
