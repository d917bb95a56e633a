"""Wiring: settings in, a running house out; it and `serving.py` know engine and adapters."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.memory.vault import MemoryVault
from fleettui.adapters.metrics.exposition import exposition
from fleettui.adapters.metrics.lines import RotatingLines
from fleettui.adapters.metrics.serving import serve_metrics
from fleettui.adapters.models.builtin import builtin_models
from fleettui.adapters.models.recordings import FileRecordings
from fleettui.adapters.models.redact import redact
from fleettui.adapters.models.router import ModelRouter
from fleettui.adapters.processes.measures import ProcessMeasures
from fleettui.adapters.processes.orphans import Orphan, end_orphans
from fleettui.adapters.secrets.store import SecretStore
from fleettui.adapters.sharing.places import SharingPlaces
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.adapters.tools.secrecy import hashing_key
from fleettui.adapters.tools.toolbox import TOOLS, LocalToolbox
from fleettui.adapters.workspaces.history import GitHistory
from fleettui.adapters.workspaces.merging import GitMerging
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.worktrees import GitWorkspaces
from fleettui.adapters.yaml.plain import load_plain
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.adapters.yaml.tenants import YamlTenants, tenants_folder
from fleettui.core.commands import NoteTrouble
from fleettui.core.errors import Refused
from fleettui.core.safe import one_line
from fleettui.core.secrets import MASTER_KEY
from fleettui.core.views.outfit import Outfit
from fleettui.engine.actions import Actions
from fleettui.engine.breakers import Breakers
from fleettui.engine.built import BuiltAgents
from fleettui.engine.dispatch import MOST_TURNS, Dispatch
from fleettui.engine.engine import Engine
from fleettui.engine.file_views import FileViews
from fleettui.engine.flows import FlowSettings
from fleettui.engine.guarded import GuardedToolbox
from fleettui.engine.items import Items
from fleettui.engine.keeping import Keeping
from fleettui.engine.loads import Loads
from fleettui.engine.lodging import Lodging
from fleettui.engine.membership import Membership
from fleettui.engine.metrics import Metrics
from fleettui.engine.middleware import Chain, Maker
from fleettui.engine.monitors import Monitors
from fleettui.engine.order import Order
from fleettui.engine.pulse import Pulse
from fleettui.engine.reading import Reading
from fleettui.engine.redactions import Redactions
from fleettui.engine.releasing import Releasing
from fleettui.engine.remembering import Remembering
from fleettui.engine.reports import Reports
from fleettui.engine.request_log import RequestLog
from fleettui.engine.session import Presence, Session
from fleettui.engine.spending import Spending
from fleettui.engine.steps import Steps
from fleettui.engine.supervisor import Supervisor
from fleettui.engine.tenant_files import TenantFiles
from fleettui.engine.terms import TermsWatch, terms_of
from fleettui.engine.timers import Timers
from fleettui.engine.turns import Turns
from fleettui.engine.watching import watch_events
from fleettui.plugins import load_middleware, load_runtimes
from fleettui.ports import (
    Blobs,
    Bus,
    Channel,
    Clock,
    FileHistory,
    Files,
    LastingRuntime,
    Lines,
    Machine,
    Measures,
    Merging,
    Model,
    Recordings,
    Runtime,
    SharedMemories,
    Snapshots,
    Specs,
    Store,
    TenantFolder,
    Toolbox,
    Vault,
    Workspaces,
)
from fleettui.serving import Serving

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside the engine; tests put their own parts in."""

    store: Store
    snapshots: Snapshots
    blobs: Blobs
    bus: Bus
    clock: Clock
    model: Model
    toolbox: Toolbox
    files: Files
    recordings: Recordings
    middleware: Mapping[str, Maker]
    vault: Vault
    specs: Specs
    tenants: TenantFolder
    runtimes: Mapping[str, Runtime]
    memories: SharedMemories
    measures: Measures
    workspaces: Workspaces
    history: FileHistory
    merging: Merging
    reports: Path
    home: Path
    # The request log.
    request_log: Lines
    # Takes secrets out of a text.
    redact: Callable[[str], str]
    # What each tenant may have at once, and how many turns go on on this host.
    most_turns: int = MOST_TURNS
    # Further platforms that flows hear from, and the flows there are to begin with.
    channels: Mapping[str, Channel] = field(default_factory=dict)
    flows: FlowSettings = field(default_factory=FlowSettings)
    # The folder of the host itself, where every tenant's things are.
    private: Path | None = None


class House:
    """A running engine with its watchers; makes sessions for operators."""

    def __init__(
        self,
        engine: Engine,
        world: World,
        actions: Actions,
        memories: Remembering,
        keeping: Keeping,
        built: BuiltAgents,
        pulse: Pulse,
        breakers: Breakers,
        tenants: TenantFiles,
        dispatch: Dispatch,
        loads: Loads,
        metrics: Metrics,
        serving: Serving,
    ) -> None:
        self.serving = serving
        self.engine, self._world, self._actions = engine, world, actions
        self._memories, self._keeping = memories, keeping
        self.dispatch, self.metrics = dispatch, metrics
        self.presence = Presence()
        self._files = FileViews(keeping)
        self._reading = Reading(
            engine,
            memories,
            built,
            self._files,
            pulse,
            breakers,
            tenants,
            dispatch,
            loads,
            metrics,
            Outfit(frozenset(TOOLS), world.toolbox.installed),
            serving.door,
        )

    def session(self, operator: str, tenant: str = "", rights_of: str = "") -> Session:
        """Make the door of one operator, whoever the host recognised.

        They own the state folder: only they can reach its socket. See Membership.
        """
        return Session(
            self.engine,
            Membership(self.engine, operator, owner=True, only=tenant, rights_of=rights_of),
            specs=self._world.specs,
            vault=self._world.vault,
            actions=self._actions,
            items=Items(self.engine, self._world.files),
            memories=self._memories,
            keeping=self._keeping,
            files=self._files,
            reading=self._reading,
            presence=self.presence,
            flows=self.serving.door,
            private=self._world.private,
        )

    def is_busy(self) -> bool:
        """Say whether a fleet is open, or a request waits, so that the host must stay."""
        return any(state.id and not state.stopped for state in self.engine.fleets()) or any(
            tenant.requests.open or tenant.requests.owing for tenant in self.engine.tenants()
        )


@asynccontextmanager
async def running(world: World) -> AsyncIterator[House]:
    """Start engine and watchers on a world, and end them at the end of the context."""
    engine = Engine(
        world.store, world.snapshots, world.blobs, world.bus, world.clock, Redactions(world.vault)
    )
    toolbox = GuardedToolbox(world.toolbox, engine)
    async with engine.running(), asyncio.TaskGroup() as group:
        tenants = TenantFiles(engine, world.tenants)
        await tenants.reload()
        world.vault.bind(lambda tenant: engine.tenant(tenant).spec.secrets)
        built = BuiltAgents(world.runtimes, toolbox, world.vault, world.clock)
        order = Order(engine, world.recordings, Chain(world.middleware))
        pulse, breakers = Pulse(world.clock), Breakers(world.clock)
        lodging = Lodging(order, world.runtimes, world.vault, group, world.home)
        keeping = Keeping(
            order, world.workspaces, world.history, world.merging, lodging.quiet, group
        )
        dispatch = Dispatch(engine, partial(terms_of, engine), world.most_turns)
        turns = Turns(
            order, built, world.model, toolbox, world.vault, pulse, breakers,
            keeping, dispatch, group, world.home,
        )  # fmt: skip
        loads = Loads(engine, world.measures)
        memories = Remembering(engine, world.memories, world.vault, group)
        actions = Actions(order, toolbox, world.vault, memories, keeping, dispatch, loads, group)
        timers, spending = Timers(engine), Spending(engine, dispatch)
        items = Items(engine, world.files)
        steps = Steps(order, toolbox, world.vault, world.specs, items, group)
        supervisor = Supervisor(engine, pulse, loads, dispatch.waits)
        monitors = Monitors(engine, built, world.vault, group)
        reports = Reports(order, toolbox, world.vault, world.reports)
        serving = Serving(
            engine, world.vault, world.home.parent, world.channels, world.flows, keeping, items,
            group,
        )  # fmt: skip
        dispatch.listen(serving.requests.refresh)
        watchers = []
        releasing = Releasing(engine, world.toolbox, built, world.workspaces)
        metrics = Metrics(engine, dispatch.waits, serving.refused)
        request_log = RequestLog(engine, world.request_log, world.redact)
        of_tenants = (
            timers, TermsWatch(dispatch), spending, serving.requests, metrics, request_log,
        )  # fmt: skip
        for watcher in (
            memories, keeping, actions, turns, steps, reports, supervisor, releasing,
            monitors, lodging, *of_tenants,
        ):  # fmt: skip
            ready = asyncio.Event()
            watching = watch_events(
                engine, ready, watcher.on_event, watcher.catch_up, tenants=watcher in of_tenants
            )
            name = type(watcher).__name__.lower()
            watchers.append(group.create_task(watching, name=name))
            await ready.wait()
        watchers.append(group.create_task(timers.run(), name="clock"))
        watchers.append(group.create_task(supervisor.run(), name="sweep"))
        watchers.append(group.create_task(tenants.run(), name="tenants"))
        watchers.append(group.create_task(dispatch.run(), name="dispatch"))
        watchers.append(group.create_task(spending.run(), name="spending"))
        watchers += await serving.begin()
        try:
            yield House(
                engine, world, actions, memories, keeping, built, pulse, breakers, tenants,
                dispatch, loads, metrics, serving,
            )  # fmt: skip
        finally:
            request_log.catch_up()
            dispatch.close()
            tasks = (
                turns.tasks(),
                actions.tasks(),
                steps.tasks(),
                memories.tasks(),
                monitors.tasks(),
                lodging.tasks(),
                keeping.tasks(),
                serving.tasks(),
            )
            for task in (*watchers, *chain(*tasks)):
                task.cancel()


@asynccontextmanager
async def house(
    state: Path, environment: Mapping[str, str], flows: FlowSettings | None = None
) -> AsyncIterator[House]:
    """Open the house of a state folder, on SQLite and this machine, with flows or none."""
    stored = SecretStore(state / "secrets", environment.get(MASTER_KEY, ""))
    environment = {name: value for name, value in environment.items() if name != MASTER_KEY}
    for trouble in await asyncio.to_thread(stored.read_all):
        _log.warning("%s", trouble)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore.open(state / "fleettui.db"))
        router = ModelRouter(
            load_yaml=load_plain,
            builtin=builtin_models(),
            log_path=state / "models.log",
        )
        stack.push_async_callback(router.close)
        toolbox = LocalToolbox(environment, hashing_key(state), (str(state),))
        stack.push_async_callback(toolbox.close)
        runtimes = load_runtimes(Machine(str(state), environment))
        for runtime in runtimes.values():
            if isinstance(runtime, LastingRuntime):
                stack.push_async_callback(runtime.close)
        home = environment.get("HOME", "/")
        places = Places(state / "workspaces", environment.get("PATH", ""), home)
        history = GitHistory(places)
        world = World(
            store=store,
            snapshots=store,
            blobs=store,
            bus=MemoryBus(),
            clock=SystemClock(),
            model=router,
            toolbox=toolbox,
            files=toolbox,
            recordings=FileRecordings(),
            middleware=load_middleware(),
            vault=MemoryVault(stored),
            specs=YamlSpecs(),
            tenants=YamlTenants(tenants_folder(state, environment)),
            runtimes=runtimes,
            memories=SharingPlaces(),
            measures=ProcessMeasures(),
            workspaces=GitWorkspaces(places, history),
            history=history,
            merging=GitMerging(places, history),
            reports=state / "reports",
            home=state / "runtimes",
            flows=flows or FlowSettings(),
            private=state,
            request_log=RotatingLines(state / "requests.log"),
            redact=redact,
        )
        orphans = await asyncio.to_thread(end_orphans)
        running_house = await stack.enter_async_context(running(world))
        await _tell_orphans(running_house.engine, orphans)
        if address := environment.get("FLEETTUI_METRICS", ""):
            await _serve_metrics(stack, address, running_house.metrics)
        yield running_house


async def _serve_metrics(stack: AsyncExitStack, address: str, metrics: Metrics) -> None:
    """Serve every tenant's numbers to programs of this machine; a host without goes on."""
    serving = serve_metrics(address, lambda: exposition(metrics.rows_of_all()))
    try:
        await stack.enter_async_context(serving)
    except Refused as refusal:
        _log.warning("%s", refusal)


async def _tell_orphans(engine: Engine, orphans: Sequence[Orphan]) -> None:
    """Say at each agent which of its programs were still there after the death of their host."""
    fleets = {state.id: state for state in engine.fleets()}
    for orphan in orphans:
        fleet, _, agent = orphan.agent.partition("/")
        text = f"killed {one_line(orphan.argv, 80)}: its host was dead (process {orphan.process})"
        _log.warning("%s: %s", orphan.agent, text)
        if fleet in fleets and agent in fleets[fleet].agents:
            await engine.send(NoteTrouble(fleet, agent, text))


def collect_rarely() -> None:
    """Look for garbage rarely: a host holds much that lives long, and has few circles.

    With the usual thresholds a quarter of the durable path goes into it (bench/durable.py).
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    gc.enable()
