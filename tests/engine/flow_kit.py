"""Flows for tests: a folder of files served by a real house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.kit import Script, make_world, says
from fleettui.adapters.memory.channel import MemoryChannel
from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.yaml.reloading import ReloadingFlows
from fleettui.core.channel import Delivery, Question, Receipt
from fleettui.core.errors import ModelFailed
from fleettui.core.events import Recorded
from fleettui.core.state.requests import RequestState
from fleettui.core.tenancy import tenant_of_stream
from fleettui.engine.flows import FlowSettings
from fleettui.engine.session import Session
from fleettui.engine.stream import decode
from fleettui.wiring import House, running

ECHO = """
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: echo}
spec:
  trigger: {type: Manual}
  agents:
    - {name: parrot, model: 'openai:test', instructions: repeat}
"""


@dataclass
class FlowWorld:
    """A house that serves flows, a platform to write from, and what it stored so far."""

    house: House
    session: Session
    channel: MemoryChannel
    model: Any
    folder: Path

    async def deliver(self, text: str, number: str = "1", **more: Any) -> Receipt:
        """Hand in a message of the platform; `number` is what it calls it."""
        fields: dict[str, Any] = {"channel": "c", "user": "U1", "address": f"c/{number}"} | more
        return await self.channel.deliver(
            Delivery(self.channel.platform, text=text, ids=(number,), at=0.0, **fields)
        )

    def request(self, name: str, tenant: str = "default") -> RequestState:
        return self.house.engine.tenant(tenant).requests.one(name)

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait, by what is stored, until something holds."""
        async with self.house.engine.bus.subscribe(">") as subscription, asyncio.timeout(20):
            while not condition():
                await subscription.take()

    async def wait_status(self, name: str, *statuses: str, tenant: str = "default") -> RequestState:
        one = self.house.engine.tenant(tenant).requests
        await self.wait(lambda: name in one.all and one.all[name].status in statuses)
        return self.request(name, tenant)

    async def stored(self, stream: str = "tenant:default") -> list[Recorded]:
        await self.house.engine.wait_committed()
        engine = self.house.engine
        tenant = tenant_of_stream(stream)
        return [decode(row) async for row in engine.store.read(tenant, stream)]

    async def kinds(self, request: str) -> list[str]:
        """Name the events of a request in order, without the word Request."""
        return [
            type(one.event).__name__.removeprefix("Request")
            for one in await self.stored()
            if getattr(one.event, "request", "") == request
        ]


class Model:
    """Answers by a script, once a gate is open; counts what it was asked."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or (lambda request, _step: says(request.messages[-1].content.upper()))
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.tell: Callable[[], None] = lambda: None

    async def complete(self, request: Any, on_text: Any = None) -> Any:
        del on_text
        self.asked.append(request.messages[-1].content)
        self.tell()
        await self.gate.wait()
        step = sum(one.role == "assistant" for one in request.messages)
        reply = self.script(request, step)
        if isinstance(reply, ModelFailed):
            raise reply
        return reply


class TellingChannel(MemoryChannel):
    """A platform that says when it was asked something: no event follows that."""

    tell: Callable[[], None]

    async def ask(self, address: str, question: Question) -> str:
        name = await super().ask(address, question)
        self.tell()
        return name


@asynccontextmanager
async def serving(
    tmp_path: Path,
    files: Mapping[str, str] | None = None,
    *,
    model: Model | None = None,
    store: MemoryStore | None = None,
    platform: str = "manual",
    settings: Mapping[str, Any] | None = None,
    **parts: Any,
) -> AsyncIterator[FlowWorld]:
    """Serve flows from files by name; what is there already stays."""
    folder = tmp_path / "flows"
    folder.mkdir(exist_ok=True)
    for name, text in ({"echo.yaml": ECHO} if files is None else files).items():
        (folder / name).write_text(text)
    model = model or Model()
    channel = TellingChannel(platform, {"U1": "Ann", "U2": "Bob", "U9": "Zoe"})
    source = ReloadingFlows(str(folder), {})
    world = make_world(tmp_path, model, store=store or MemoryStore(), **parts)
    chosen = FlowSettings(source, environment={"OPENED": "1"}, watch=False, **(settings or {}))
    world = replace(world, channels={platform: channel}, flows=chosen)
    model.tell = channel.tell = lambda: world.bus.publish("test.asked", ["asked"])
    async with running(world) as house:
        yield FlowWorld(house, house.session("ann"), channel, model, folder)
