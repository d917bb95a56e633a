"""Loads: the memory and cores that programs of each tenant use, and what may not begin for it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fleettui.core.state.fleet import ActionState
from fleettui.core.tenancy import tenant_of
from fleettui.core.views.agents import Waiting
from fleettui.core.views.rows import WaitRow
from fleettui.engine.engine import Engine
from fleettui.ports import Measures, Vitals

# How often (seconds) programs are measured again while another waits for them to end.
_LOOK: Final = 2.0
_log = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass(slots=True)
class Load:
    """What the programs of a tenant use: bytes of resident memory, and cores."""

    memory: int = 0
    cores: float = 0.0


class Loads:
    """As of the last measurement: what began since is not in it, and shared pages count twice."""

    def __init__(self, engine: Engine, measures: Measures) -> None:
        self._engine, self._measures = engine, measures
        self._loads: dict[str, Load] = {}
        self._seen: Mapping[Key, Vitals] = {}
        self._at = 0.0
        self._measuring = asyncio.Lock()
        self._told: set[str] = set()
        # Actions that wait: their turn, and why.
        self._waiting: dict[str, tuple[str, str]] = {}

    async def measure(self) -> Mapping[Key, Vitals]:
        """Measure the programs of all agents now."""
        async with self._measuring:
            return await self._measure()

    async def _measure(self) -> Mapping[Key, Vitals]:
        seen = await asyncio.to_thread(self._measures.measure)
        now = self._engine.clock.now()
        loads: dict[str, Load] = defaultdict(Load)
        for key, vitals in seen.items():
            load, before = loads[tenant_of(key[0])], self._seen.get(key)
            load.memory += vitals.memory
            # A program that is new counts from now.
            if before is not None and now > self._at:
                load.cores += max(vitals.cpu - before.cpu, 0.0) / (now - self._at)
        self._loads, self._seen, self._at = dict(loads), seen, now
        self._tell()
        return seen

    def _tell(self) -> None:
        """Write down once when a tenant comes over what it may, and when it is within it again."""
        over = {one.name: why for one in self._engine.tenants() if (why := self.over(one.name))}
        for name in over.keys() - self._told:
            _log.warning("%s", over[name])
        for name in self._told - over.keys():
            _log.warning("the programs of %s are within its quotas again", name)
        self._told = set(over)

    def of(self, tenant: str) -> Load:
        """Give what the programs of a tenant use."""
        return self._loads.get(tenant) or Load()

    def over(self, tenant: str) -> str:
        """Say what of its quotas the programs of a tenant use whole; empty for nothing."""
        quotas, load = self._engine.tenant(tenant).spec.quotas, self.of(tenant)
        if quotas.memory is not None and load.memory >= quotas.memory:
            held, most = load.memory / 2**20, quotas.memory / 2**20
            return f"programs of {tenant} hold {held:,.0f} of {most:,.0f} MiB (quota memory)"
        if quotas.cpu is not None and load.cores >= quotas.cpu:
            return f"programs of {tenant} use {load.cores:.1f} of {quotas.cpu:g} cores (quota cpu)"
        return ""

    async def wait_room(self, tenant: str, action: ActionState) -> None:
        """Wait until a tenant may begin another program, for an action."""
        try:
            while why := await self._over_now(tenant):
                self._waiting[action.id] = (action.turn, why)
                await asyncio.sleep(_LOOK)
        finally:
            self._waiting.pop(action.id, None)

    async def _over_now(self, tenant: str) -> str:
        """Say the same after another look, where the last one is old and the tenant has a bound."""
        quotas = self._engine.tenant(tenant).spec.quotas
        if quotas.memory is not None or quotas.cpu is not None:
            async with self._measuring:
                if self._engine.clock.now() >= self._at + _LOOK / 2:
                    await self._measure()
        return self.over(tenant)

    def lookout(self) -> Waiting:
        """Say why tools of turns wait, as it is now."""
        waiting = dict(self._waiting.values())
        return lambda turn: WaitRow("used_up", waiting[turn]) if turn in waiting else None
