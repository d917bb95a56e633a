"""Built agents: what an agent's configuration comes to, built once and used many times."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from typing import Final, NamedTuple

from fleettui.core.errors import NotFound
from fleettui.core.model import ToolSpec
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.state.fleet import FleetState
from fleettui.engine.workplace import workplace
from fleettui.ports import Clock, Runtime, Toolbox, Vault

# How long (seconds) a built agent is good, and how many are kept; seed 003.
TTL: Final = 24 * 3600.0
MOST: Final = 500


class BuiltAgent(NamedTuple):
    """An agent ready to work: its runtime, its tools, and the environment of its programs."""

    version: str
    runtime: Runtime
    tools: tuple[ToolSpec, ...]
    environment: Mapping[str, str]


@dataclass(slots=True)
class CacheCounts:
    """How many a tenant has, how often one was there, and why it was not."""

    kept: int = 0
    hits: int = 0
    misses: int = 0
    expired: int = 0
    evicted: int = 0


# The tenant, and what a configuration comes to.
_Key = tuple[str, str]


class BuiltAgents:
    """Keeps what was built under the SHA-256 of the resolved configuration.

    The least recently used goes first; agents with the same configuration share one, and whoever
    wants it while it is built waits for that build.
    """

    def __init__(
        self, runtimes: Mapping[str, Runtime], toolbox: Toolbox, vault: Vault, clock: Clock,
        *, most: int = MOST, ttl: float = TTL,
    ) -> None:  # fmt: skip
        self._runtimes, self._toolbox, self._vault = runtimes, toolbox, vault
        self._clock, self._most, self._ttl = clock, most, ttl
        self._kept: OrderedDict[_Key, tuple[float, BuiltAgent]] = OrderedDict()
        self._building: dict[str, asyncio.Lock] = {}
        self._counts: defaultdict[str, CacheCounts] = defaultdict(CacheCounts)

    def counted(self, tenants: Collection[str]) -> CacheCounts:
        """Give the counts of some tenants together."""
        mine = [self._counts[one] for one in tenants]
        return CacheCounts(*map(sum, zip(*map(astuple, mine), strict=True)))

    async def get(self, state: FleetState, agent: str) -> BuiltAgent:
        """Give an agent of a fleet, built at most once at a time; raises NotFound."""
        spec = state.spec_of(agent)
        environment = self._environment(state, agent)
        version = version_of(state.tenant, spec, environment)
        key = (state.tenant, version)
        lock = self._building.setdefault(version, asyncio.Lock())
        try:
            async with lock:
                found = self._fresh(key)
                if found is None:
                    found = await self._build(version, spec, environment)
                    self._keep(key, found)
                return found
        finally:
            if not lock.locked():
                self._building.pop(version, None)

    def drop(self, state: FleetState, agent: str) -> None:
        """Forget what was built for an agent, unless another of its entry is awake."""
        mine = state.agents[agent]
        others = (one for one in state.agents.values() if one.entry == mine.entry)
        if all(one.released or one is mine for one in others):
            environment = self._environment(state, agent)
            version = version_of(state.tenant, state.spec_of(agent), environment)
            if self._kept.pop((state.tenant, version), None) is not None:
                self._counts[state.tenant].kept -= 1

    def _environment(self, state: FleetState, agent: str) -> Mapping[str, str]:
        return workplace(state, agent, "", self._vault).environment

    def _fresh(self, key: _Key) -> BuiltAgent | None:
        kept, counts = self._kept.get(key), self._counts[key[0]]
        if kept is None:
            counts.misses += 1
            return None
        at, built = kept
        if self._clock.now() - at >= self._ttl:
            del self._kept[key]
            counts.kept -= 1
            counts.expired += 1
            counts.misses += 1
            return None
        self._kept.move_to_end(key)
        counts.hits += 1
        return built

    def _keep(self, key: _Key, built: BuiltAgent) -> None:
        self._kept[key] = (self._clock.now(), built)
        self._counts[key[0]].kept += 1
        while len(self._kept) > self._most:
            (tenant, _), _ = self._kept.popitem(last=False)
            self._counts[tenant].kept -= 1
            self._counts[tenant].evicted += 1

    async def _build(
        self, version: str, spec: AgentSpec, environment: Mapping[str, str]
    ) -> BuiltAgent:
        runtime = self._runtimes.get(spec.type)
        if runtime is None:
            known = ", ".join(self._runtimes)
            raise NotFound(f"no runtime is called '{spec.type}'", f"this version has: {known}")
        # Describing tools checks nothing of the world today; a runtime's own tools will.
        await asyncio.sleep(0)
        return BuiltAgent(
            version,
            runtime,
            self._toolbox.specs(spec.tools),
            environment,
        )


def version_of(tenant: str, spec: AgentSpec, environment: Mapping[str, str]) -> str:
    """Give the SHA-256 of a resolved configuration; its secrets are in it, and can't be read."""
    whole = {
        "tenant": tenant,
        "spec": spec.model_dump(mode="json", exclude_unset=True),
        "environment": dict(sorted(environment.items())),
    }
    body = json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return hashlib.sha256(body).hexdigest()
