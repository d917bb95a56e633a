"""A client with one fleet in memory, to test the host without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fleettui.client import Notice, Reread, Streamed
from fleettui.core.commands import MoveAgent, OpenFleet, SendMessage, StopFleet
from fleettui.core.errors import BadSpec, IllegalMove, NotFound
from fleettui.core.events import AgentMoved, Recorded
from fleettui.core.views.queries import ReadEvents, ReadFleets, ReadReport
from fleettui.core.views.rows import FleetRow


class DemoHouse:
    """Fleets by id, and everything that happened to them."""

    def __init__(self) -> None:
        self.present = 0
        self.fleets: dict[str, FleetRow] = {}
        self.happened: list[Recorded] = []
        self.watchers: list[DemoWatch] = []
        self.environment: dict[str, str] = {}

    def session(self, operator: str, tenant: str = "", rights_of: str = "") -> DemoClient:
        return DemoClient(self, operator)

    def is_busy(self) -> bool:
        return any(row.state == "open" for row in self.fleets.values())

    def happen(self, fleet: str, event: Any) -> None:
        recorded = Recorded(fleet, len(self.happened) + 1, 0.0, "demo", event)
        self.happened.append(recorded)
        for watcher in self.watchers:
            watcher.put(recorded)


class DemoWatch:
    """A bounded queue that says Reread when it overflowed."""

    MOST = 1000

    def __init__(self) -> None:
        self.waiting: list[Notice] = []
        self.some = asyncio.Event()

    def put(self, notice: Notice) -> None:
        if len(self.waiting) >= self.MOST:
            self.waiting = [Reread()]
        else:
            self.waiting.append(notice)
        self.some.set()

    async def take(self) -> Sequence[Notice]:
        await self.some.wait()
        self.some.clear()
        taken, self.waiting = self.waiting, []
        return taken


class DemoClient:
    """The door to the demo house."""

    def __init__(self, house: DemoHouse, operator: str) -> None:
        self.house = house
        self.operator = operator

    async def send(self, command: Any) -> str:  # noqa: C901 a table of what tests need
        house = self.house
        match command:
            case OpenFleet():
                text = await asyncio.to_thread(Path(command.path).read_text)
                if "bad" in text:
                    raise BadSpec(
                        f"{command.path} has errors",
                        [f"{command.path}:1:1: error: kind: \x1b[31munknown"],
                        "mend them",
                    )
                house.environment = command.environment
                house.fleets["demo"] = FleetRow(
                    *("demo", "default", "demo", command.path, command.workspace, "peer"),
                    *("open", 1, 0, "", ()),
                )
                return "demo"
            case StopFleet():
                house.fleets.clear()
            case MoveAgent(agent="nobody"):
                raise NotFound("no agent is called nobody", "fleettui ps lists them")
            case MoveAgent(agent="stuck"):
                raise IllegalMove("stuck is stopped", "start it first")
            case MoveAgent(agent="buggy"):
                raise ZeroDivisionError
            case MoveAgent():
                house.happen(command.fleet, AgentMoved(command.agent, "paused"))
            case SendMessage():
                for number in range(int(command.body.head)):
                    house.happen(command.fleet, AgentMoved(f"a{number}", "idle", "x" * 100))
                for watcher in house.watchers:
                    watcher.put(Streamed("demo", "a", "t", "hello"))
        return ""

    async def read(self, query: Any) -> Any:
        match query:
            case ReadFleets():
                return tuple(self.house.fleets.values())
            case ReadReport():
                return self.house.environment.get(query.run, "")
            case ReadEvents():
                return tuple(self.house.happened[query.after : query.after + query.most])
        raise NotFound("no such thing")

    @asynccontextmanager
    async def watch(self, fleet: str = "", *, stream: bool = False) -> AsyncIterator[DemoWatch]:
        watch = DemoWatch()
        self.house.watchers.append(watch)
        try:
            yield watch
        finally:
            self.house.watchers.remove(watch)

    async def operators(self) -> int:
        return self.house.present

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        self.house.present += 1
        try:
            yield
        finally:
            self.house.present -= 1
