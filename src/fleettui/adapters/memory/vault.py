"""MemoryVault: the environments of whoever opened the fleets; gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from fleettui.core.secrets import MASTER_KEY, is_listed
from fleettui.ports import Secrets


class MemoryVault:
    """Environment variables by fleet, and what tenants stored; never stored here, never shown."""

    def __init__(self, stored: Secrets | None = None) -> None:
        self._environments: dict[str, dict[str, str]] = {}
        self._kept: dict[str, asyncio.Event] = {}
        self._stored = stored
        self._bounds: Callable[[str], Sequence[str]] | None = None

    def keep(self, fleet: str, environment: Mapping[str, str]) -> None:
        """Remember the environment of whoever opened the fleet, but for the key of all secrets."""
        kept = {name: value for name, value in environment.items() if name != MASTER_KEY}
        self._environments[fleet] = kept
        self._kept.setdefault(fleet, asyncio.Event()).set()

    def environment(self, fleet: str) -> Mapping[str, str]:
        """Give what was kept, or nothing."""
        return self._environments.get(fleet, _NOTHING)

    async def wait_kept(self, fleet: str) -> None:
        """Wait until somebody has opened the fleet since this process began."""
        await self._kept.setdefault(fleet, asyncio.Event()).wait()

    def bind(self, bounds: Callable[[str], Sequence[str]]) -> None:
        """Let tenants have only secrets that a list of theirs names, with globs."""
        self._bounds = bounds

    def secrets(self, tenant: str) -> Mapping[str, str]:
        """Give what a tenant stored and may have, by name; raises SecretsLocked, MissingExtra."""
        if self._stored is None:
            return _NOTHING
        found = self._stored.current(tenant)
        listed = ("*",) if self._bounds is None else self._bounds(tenant)
        return {name: value for name, value in found.items() if is_listed(name, listed)}

    def known(self, tenant: str) -> Sequence[tuple[str, str]]:
        """Give every value of a tenant that was read so far."""
        return () if self._stored is None else self._stored.known(tenant)

    def tenants(self) -> Sequence[str]:
        """Name the tenants of whom a value was read."""
        return () if self._stored is None else self._stored.tenants()

    def __repr__(self) -> str:
        return f"MemoryVault({len(self._environments)} fleets)"


_NOTHING: Mapping[str, str] = {}
