"""MemoryVault: the environments of whoever opened the fleets; gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping


class MemoryVault:
    """Environment variables by fleet; never stored, never shown."""

    def __init__(self) -> None:
        self._environments: dict[str, dict[str, str]] = {}
        self._kept: dict[str, asyncio.Event] = {}

    def keep(self, fleet: str, environment: Mapping[str, str]) -> None:
        """Remember the environment of whoever opened the fleet."""
        self._environments[fleet] = dict(environment)
        self._kept.setdefault(fleet, asyncio.Event()).set()

    def environment(self, fleet: str) -> Mapping[str, str]:
        """Give what was kept, or nothing."""
        return self._environments.get(fleet, {})

    async def wait_kept(self, fleet: str) -> None:
        """Wait until somebody has opened the fleet since this process began."""
        await self._kept.setdefault(fleet, asyncio.Event()).wait()

    def __repr__(self) -> str:
        return f"MemoryVault({len(self._environments)} fleets)"
