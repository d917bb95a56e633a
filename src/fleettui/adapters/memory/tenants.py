"""MemoryTenants: tenants that are given, and given anew, in place of a folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fleettui.ports import LoadedTenant, LoadedTenants


class MemoryTenants:
    """Satisfies ports.TenantFolder; `specs` are plain specs by name."""

    def __init__(self, specs: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._specs = dict(specs or {})
        self._changed = asyncio.Event()

    @property
    def place(self) -> str:
        """Name no folder: there is none."""
        return ""

    def give(self, specs: Mapping[str, Mapping[str, Any]]) -> None:
        """Put other tenants in place; whoever watches reads them."""
        self._specs = dict(specs)
        self._changed.set()

    def load(self) -> LoadedTenants:
        """Give the tenants as they are now."""
        return LoadedTenants(
            tuple(LoadedTenant(name, dict(spec), name) for name, spec in self._specs.items())
        )

    async def changes(self) -> AsyncIterator[None]:
        """Say so whenever others were given."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            yield None
