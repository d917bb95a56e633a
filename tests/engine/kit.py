"""A house for tests: the real engine, tools and files, with memory for a disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.memory.vault import MemoryVault
from fleettui.adapters.metrics.lines import RotatingLines
from fleettui.adapters.middleware import audit, rate, transform
from fleettui.adapters.models.recordings import FileRecordings
from fleettui.adapters.models.redact import redact
from fleettui.adapters.processes.measures import ProcessMeasures
from fleettui.adapters.runtimes.llm import LlmRuntime
from fleettui.adapters.runtimes.monitoring import MonitorRuntime
from fleettui.adapters.runtimes.tmux.runtime import TmuxRuntime
from fleettui.adapters.runtimes.worker import WorkerRuntime
from fleettui.adapters.sharing.places import SharingPlaces
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.adapters.workspaces.history import GitHistory
from fleettui.adapters.workspaces.merging import GitMerging
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.worktrees import GitWorkspaces
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.core.commands import OpenFleet, StartRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest, Payload, ToolCall, Usage
from fleettui.core.views.queries import ReadRun
from fleettui.engine.session import Session
from fleettui.wiring import House, World, running

Reply = ModelReply | ModelFailed
Script = Callable[[ModelRequest, int], Reply]


@dataclass
class FunctionModel:
    """A model that answers from a function of the request and the step within its turn."""

    script: Script
    requests: list[ModelRequest] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        self.requests.append(request)
        if self.gate is not None:
            await self.gate.wait()
        last_user = max(i for i, one in enumerate(request.messages) if one.role == "user")
        step = sum(one.role == "assistant" for one in request.messages[last_user:])
        reply = self.script(request, step)
        if isinstance(reply, ModelFailed):
            raise reply
        if on_text is not None:
            on_text(reply.content)
        return reply


def says(text: str) -> ModelReply:
    return ModelReply(text, usage=Usage(10, 5, 0.001))


def calls(name: str, **arguments: Any) -> ModelReply:
    return ModelReply("", (ToolCall("c1", name, arguments),), Usage(10, 5, 0.001), "tool_calls")


def submits(verdict: str, confidence: float = 0.9, reason: str = "because") -> ModelReply:
    return calls("submit_result", verdict=verdict, confidence=confidence, reason=reason)


def fleet_yaml(
    agents: Sequence[str] = ("a", "b", "c"), *, consensus: str = "", more: str = ""
) -> str:
    lines = [
        "apiVersion: aof.dev/v1",
        "kind: AgentFleet",
        "metadata: {name: f}",
        "spec:",
        "  agents:",
    ]
    for agent in agents:
        lines += [
            f"    - name: {agent}",
            "      spec:",
            "        model: openai:test",
            "        instructions: do it",
            "        tools: [read_file, run, write_file, submit_result, send_message]",
        ]
    lines += ["  coordination:", "    mode: peer"]
    if consensus:
        lines.append(f"    consensus: {consensus}")
    return "\n".join(lines) + "\n" + more


def fleet_of(agents: Mapping[str, Mapping[str, Any]], **coordination: Any) -> str:
    """Give a fleet file (JSON is YAML) of agents by name, each with the fields of its entry."""
    model = {"model": "openai:test", "instructions": "do it", "tools": ["run", "submit_result"]}
    entries = []
    for name, fields in agents.items():
        spec = {**model, **fields.get("spec", {})}
        entries.append({"name": name, **fields, "spec": spec})
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1",
            "kind": "AgentFleet",
            "metadata": {"name": "f"},
            "spec": {"agents": entries, "coordination": coordination},
        }
    )


def asked(request: ModelRequest) -> str:
    """Give what an agent was asked last: the newest prompt in the conversation."""
    return [one.content for one in request.messages if one.role == "user"][-1]


async def run_output(session: Session) -> str:
    """Give the output of the newest run."""
    report = await session.read(ReadRun())
    return str(report.output)


def make_world(tmp_path: Path, model: Any, **parts: Any) -> World:
    store = parts.get("store") or MemoryStore()
    toolbox = LocalToolbox({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, b"k" * 32)
    places = Places(tmp_path / "state" / "workspaces", "/usr/bin:/bin", str(tmp_path))
    history = GitHistory(places)
    return World(
        store=store,
        snapshots=store,
        blobs=parts.get("blobs") or store,
        bus=MemoryBus(),
        clock=parts.get("clock") or SystemClock(),
        model=model,
        toolbox=toolbox,
        files=toolbox,
        recordings=FileRecordings(),
        middleware={"audit": audit.make, "rate": rate.make, "transform": transform.make},
        vault=MemoryVault(),
        specs=YamlSpecs(),
        tenants=parts.get("tenants") or MemoryTenants(),
        runtimes={
            "llm": LlmRuntime(),
            "worker": WorkerRuntime(),
            "monitor": MonitorRuntime(),
            "tmux": TmuxRuntime(),
        },
        memories=parts.get("memories") or SharingPlaces(),
        measures=ProcessMeasures(),
        workspaces=GitWorkspaces(places, history),
        history=history,
        merging=GitMerging(places, history),
        reports=tmp_path / "reports",
        home=tmp_path / "runtimes",
        request_log=parts.get("request_log") or RotatingLines(tmp_path / "requests.log"),
        redact=redact,
    )


def known(world: World) -> World:
    """Give the fleet the settings that a new process gets when its file is opened again."""
    world.vault.keep("f", {"OPENED": "1"})
    return world


@asynccontextmanager
async def opened(world: World, tmp_path: Path, text: str) -> AsyncIterator[tuple[House, Session]]:
    """Give a running house in which the fleet of `text` is open."""
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    workspace = tmp_path / "ws"
    workspace.mkdir(exist_ok=True)
    async with running(world) as house:
        session = house.session("ann")
        await session.send(OpenFleet("", str(path), str(workspace), "", {"OPENED": "1"}))
        yield house, session


async def wait_for(session: Session, condition: Callable[[], bool]) -> None:
    """Wait, by the events of the door, until something holds."""
    async with session.watch() as watch:
        while not condition():
            async with asyncio.timeout(20):
                await watch.take()


async def run_to_end(house: House, session: Session, task: str = "do it") -> Any:
    state = house.engine.state("f")
    name = await session.send(StartRun("f", Payload(task)))
    await wait_for(session, lambda: bool(state.runs[name].report))
    return state.runs[name]
