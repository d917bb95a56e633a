"""A house with one agent that is a program: the scripted agent of the tests, over real pipes."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleettui.adapters.runtimes.acp.claude import ClaudeCodeRuntime
from fleettui.adapters.runtimes.acp.runtime import AcpRuntime
from fleettui.core.commands import Approve, Deny, StartRun
from fleettui.core.model import Payload
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.core.views.queries import ReadInbox
from fleettui.core.views.rows import InboxRow
from fleettui.engine.session import Session
from fleettui.ports import Machine
from fleettui.wiring import House, World
from tests.engine.kit import FunctionModel, make_world, opened, says, wait_for

AGENT = Path(__file__).parents[1] / "adapters" / "agents" / "scripted.py"
PATH = "/usr/local/bin:/usr/bin:/bin"
OPTIONS = [
    {"optionId": "always", "kind": "allow_always", "name": "Always"},
    {"optionId": "once", "kind": "allow_once", "name": "Once"},
    {"optionId": "no", "kind": "reject_once", "name": "No"},
]


def command_call(command: str, call: str = "t1") -> dict[str, Any]:
    """Give a request for permission to run a command."""
    tool = {"toolCallId": call, "title": command, "kind": "execute", "status": "pending",
            "rawInput": {"command": command}}  # fmt: skip
    return {"toolCall": tool, "options": OPTIONS}


def ended(call: str = "t1", output: str = "", status: str = "completed") -> dict[str, Any]:
    """Give the step in which the agent says how a tool call ended."""
    content = [{"type": "content", "content": {"type": "text", "text": output}}]
    return {"update": {"sessionUpdate": "tool_call_update", "toolCallId": call,
                       "status": status, "content": content}}  # fmt: skip


def scene_of_command(command: str, last: str = "done") -> list[Any]:
    """Give a scene: ask for a command, run it once allowed, say so."""
    return [
        {"say": "I will. "},
        {"permit": command_call(command), "yes": [{"run": command}, ended(output="it ran")],
         "no": [ended(status="failed")]},
        {"say": last},
    ]  # fmt: skip


def fleet(
    kind: str = "acp", *, policy: Mapping[str, Any] | None = None, command: Sequence[str] = (),
    consensus: Mapping[str, Any] | None = None, health: Mapping[str, Any] | None = None,
    **spec: Any,
) -> str:  # fmt: skip
    """Give a fleet file with one agent `a`."""
    agent = {"type": kind, "instructions": "Work well.", **spec}
    if command:
        agent["command"] = list(command)
    body: dict[str, Any] = {
        "agents": [{"name": "a", "spec": agent}],
        "coordination": {"mode": "peer", **({"consensus": consensus} if consensus else {})},
    }
    if policy:
        body["policy"] = policy
    if health:
        body["health"] = health
    return json.dumps(
        {"apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"}, "spec": body}
    )


def acp_world(tmp_path: Path, **parts: Any) -> World:
    machine = Machine(str(tmp_path / "state"), {"PATH": PATH, "SECRET_OF_HOST": "no"})
    runtimes = {"acp": AcpRuntime(machine), "claude-code": ClaudeCodeRuntime(machine)}
    world = make_world(tmp_path, FunctionModel(lambda *_: says("?")), **parts)
    return replace(world, runtimes={**world.runtimes, **runtimes})


async def close(world: World) -> None:
    for runtime in world.runtimes.values():
        if isinstance(runtime, AcpRuntime):
            await runtime.close()


class Stage:
    """The open fleet with its scripted agent."""

    def __init__(self, house: House, session: Session, tmp_path: Path) -> None:
        self.house, self.session, self.folder = house, session, tmp_path

    @property
    def state(self) -> FleetState:
        return self.house.engine.state("f")

    @property
    def workspace(self) -> Path:
        return self.folder / "ws"

    @property
    def agent_home(self) -> Path:
        return self.folder / "state" / "agents" / "default" / "f" / "a"

    def asked(self) -> list[dict[str, Any]]:
        """Give all that the agent was asked or answered."""
        path = self.agent_home / "asked.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def prompts(self) -> list[dict[str, Any]]:
        return [one for one in self.asked() if "prompt" in one]

    def log(self) -> list[tuple[str, str]]:
        return [(line.kind, line.text) for line in self.state.agents["a"].log]

    async def begin(self, task: str = "do it") -> str:
        return await self.session.send(StartRun("f", Payload(task)))

    async def wait_end(self, run: str) -> RunState:
        await wait_for(self.session, lambda: bool(self.state.runs[run].report))
        return self.state.runs[run]

    async def run(self, task: str = "do it") -> RunState:
        return await self.wait_end(await self.begin(task))

    def output(self, run: RunState) -> str:
        return self.state.turns[run.turns[-1]].output.head

    async def wait_item(self, kind: str = "action") -> InboxRow:
        await wait_for(
            self.session,
            lambda: any(
                one.status == ("asking" if kind == "action" else "unknown")
                for one in self.state.actions.values()
            ),
        )
        return next(row for row in await self.session.read(ReadInbox()) if row.kind == kind)

    async def allow(self, row: InboxRow, always: Any = "") -> None:
        assert row.action is not None
        await self.session.send(
            Approve("f", row.id, row.version, row.action.digest, row.nonce, always, confirmed=True)
        )

    async def deny(self, row: InboxRow, reason: str = "") -> None:
        await self.session.send(Deny("f", row.id, row.version, reason))


@asynccontextmanager
async def staged(
    tmp_path: Path, scenes: Sequence[Any], *, script: Mapping[str, Any] | None = None,
    world: World | None = None, **spec: Any,
) -> AsyncIterator[Stage]:  # fmt: skip
    """Open a fleet whose one agent plays these scenes, one a prompt."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"scenes": list(scenes), **(script or {})}))
    made = world or acp_world(tmp_path)
    text = fleet(command=[sys.executable, str(AGENT), str(path)], **spec)
    try:
        async with opened(made, tmp_path, text) as (house, session):
            yield Stage(house, session, tmp_path)
    finally:
        await close(made)
