"""TenantFiles: takes tenants as their files say, now and whenever one changes."""

from __future__ import annotations

import asyncio
import logging

from fleettui.core.commands.tenants import AdmitTenant, RetireTenant
from fleettui.core.errors import Refused
from fleettui.core.tenancy import DEFAULT
from fleettui.engine.engine import Engine
from fleettui.ports import TenantFolder

_log = logging.getLogger(__name__)


class TenantFiles:
    """The folder of tenants' files and what became of it; `problems` are placed lines."""

    def __init__(self, engine: Engine, folder: TenantFolder) -> None:
        self._engine, self._folder = engine, folder
        self.problems: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Name the folder that is read; empty where there is none."""
        return self._folder.place

    async def reload(self) -> None:
        """Read the folder again. A file with errors changes nothing: its tenants stay as they were.

        A tenant whose file is gone begins nothing any more; `default` goes back to what it is
        without a file.
        """
        loaded = await asyncio.to_thread(self._folder.load)
        self.problems = loaded.problems
        for problem in loaded.problems:
            _log.warning("%s", problem)
        for tenant in loaded.tenants:
            await self._engine.send(AdmitTenant(tenant.name, tenant.spec, tenant.file))
        named = {tenant.name for tenant in loaded.tenants}
        if all(tenant.name != DEFAULT for tenant in self._engine.tenants()):
            await self._engine.send(AdmitTenant(DEFAULT, {}))
        for state in list(self._engine.tenants()):
            if state.name in named or not state.file or state.file in loaded.broken:
                continue
            if state.name == DEFAULT:
                await self._engine.send(AdmitTenant(DEFAULT, {}))
            else:
                await self._engine.send(RetireTenant(state.name))

    async def run(self) -> None:
        """Read again whenever something changes."""
        async for _ in self._folder.changes():
            try:
                await self.reload()
            except Refused as error:
                _log.warning("tenants: %s", error)
