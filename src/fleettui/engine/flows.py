"""Flows: the flows of the host as they are now, and who is told when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from fleettui.core.errors import FleettuiError
from fleettui.core.flow import Flow
from fleettui.core.incoming import canonical
from fleettui.core.routing import Router
from fleettui.core.safe import one_line
from fleettui.core.secrets import variable_of
from fleettui.engine.triggers import Triggers, triggers_of
from fleettui.engine.watching import isolated
from fleettui.ports import FlowFolder, FlowsNow, Vault

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Where flows come from and how they run; `environment` has the values they name.

    A `pinned` folder is the host's for as long as it runs, and only its triggers are waited for;
    `place` names it. `host` and `port` are where webhooks are taken, 0 for a free port. Flows of
    platforms that are `off` take nothing. `default`
    is the flow of what no other takes, `most` how many requests go on at once, `most_of_user` of
    one user of a tenant, `timeout` the longest time of one, in seconds.
    """

    folder: FlowFolder | None = None
    place: str = ""
    pinned: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8080
    longest_answer: float = 30.0
    off: frozenset[str] = frozenset()
    default: Flow | None = None
    strict: bool = False
    watch: bool = True
    most: int = 10
    most_of_user: int = 0
    timeout: float = 300.0


class Flows:
    """The flows by name, the router over them, and their triggers."""

    def __init__(
        self,
        admit: Callable[[Flow], None],
        told: Callable[[Triggers], tuple[str, ...]],
        vault: Vault,
    ) -> None:
        """Take who lets the tenants of flows in, and whom to tell of changed triggers.

        What the latter answers is wrong with some of them.
        """
        self._admit, self._told, self._vault = admit, told, vault
        self._by_name: dict[tuple[str, str], Flow] = {}
        self._listeners: list[Callable[[], None]] = []
        self._changed = asyncio.Event()
        self.settings = FlowSettings()
        self.flows: tuple[Flow, ...] = ()
        self.router = Router(())
        self.problems: tuple[str, ...] = ()
        self.loaded = False

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when flows or settings changed."""
        self._listeners.append(listener)

    async def use(self, settings: FlowSettings) -> None:
        """Go by other settings from now on; the flows are there when this returns."""
        self.settings = settings
        if settings.folder is not None:
            self._take(await asyncio.to_thread(settings.folder.load))
        self._changed.set()

    def find(self, tenant: str, name: str) -> Flow | None:
        """Give a flow of a tenant."""
        default = self.settings.default
        if default is not None and default.name == name:
            return self.default_of(tenant)
        return self._by_name.get((tenant, name))

    def is_off(self, flow: Flow) -> bool:
        """Say whether the platform of a flow is switched off."""
        return canonical(flow.platform) in self.settings.off

    def default_of(self, tenant: str) -> Flow | None:
        """Give a tenant's flow of what no other takes."""
        default = self.settings.default
        return replace(default, tenant=tenant) if default is not None else None

    def _values(self, tenant: str) -> Mapping[str, str]:
        """Give what a tenant's flows may name: its own secrets, else what the host was given."""
        try:
            stored = self._vault.secrets(tenant)
        except FleettuiError as error:
            _log.warning("secrets of %s: %s", tenant, error)
            stored = {}
        mine = {variable_of(name): value for name, value in stored.items()}
        return {**self.settings.environment, **mine}

    def _take(self, now: FlowsNow) -> None:
        settings = self.settings
        self.flows = tuple(now.flows)
        for flow in self.flows:
            self._admit(flow)
        self._by_name = {(flow.tenant, flow.name): flow for flow in self.flows}
        agent = settings.default.spec.agents[0].name if settings.default else ""
        self.router = Router(self.flows, agent, strict_mode=settings.strict)
        pinned = [one for one in self.flows if settings.pinned and not self.is_off(one)]
        triggers = triggers_of(pinned, self._values)
        wrong = (*triggers.problems, *self._told(triggers))
        self.problems = (*(one_line(one) for one in now.problems), *wrong)
        self.loaded = True
        _log.info("%d flows", len(self.flows))
        for problem in self.problems:
            _log.warning("%s", problem)
        for listener in self._listeners:
            listener()

    async def run(self) -> None:
        """Follow the folder, for ever."""
        while True:
            self._changed.clear()
            folder = self.settings.folder
            if folder is None or not self.settings.watch:
                await self._changed.wait()
                continue
            following = asyncio.create_task(isolated(self._follow, folder))
            await self._changed.wait()
            following.cancel()

    async def _follow(self, folder: FlowFolder) -> None:
        async for now in folder.follow():
            self._take(now)
