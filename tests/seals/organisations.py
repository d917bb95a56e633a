"""Five tenants on one real host, each with a word of its own in everything it has."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from fleettui.adapters.secrets.store import SecretStore
from fleettui.adapters.yaml.reloading import ReloadingFlows
from fleettui.client import Client
from fleettui.core.commands import OpenFleet, SendMessage, StartRun
from fleettui.core.commands.requests import SendToFlow
from fleettui.core.model import ROLES, Payload
from fleettui.engine.flows import FlowSettings
from fleettui.host import remote
from fleettui.host.house import House as HouseOfHost
from fleettui.host.lock import claim
from fleettui.host.reception import Reception
from fleettui.host.serve import Host
from fleettui.wiring import House, house
from tests.adapters.servers import Said, ScriptedServer, Seen
from tests.engine.repositories import repository

# Names that are each other's beginning, and that come near to each other's ids.
TENANTS = ("acme", "acme-web", "acme--web", "globex", "x")
VERSION = {"apiVersion": "aof.dev/v1"}


def _hex() -> str:
    return uuid4().hex[:20]


@dataclass
class Organisation:
    """A tenant: its word, its members by role, and where its things are."""

    name: str
    folder: Path
    word: str = ""
    members: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.word = self.word or f"canary-{self.name}-{_hex()}"
        self.members = {role: f"{role}.{self.word}" for role in ROLES}

    @property
    def mark(self) -> str:
        """What nobody else may ever get: the part of the word that is no name."""
        return self.word.rpartition("-")[2]

    @property
    def workspace(self) -> Path:
        return self.folder / "ws"

    @property
    def own_agent(self) -> str:
        return self.word

    def environment(self, url: str) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": f"sk-{self.word}",
            "OPENAI_API_BASE": f"{url}/v1",
            "WORD": self.word,
        }

    def fleets(self) -> dict[str, dict[str, Any]]:
        """Give its fleet files by name: one that all tenants have, one of a name of its own."""
        model = {
            "model": "openai:test", "instructions": f"be {self.word}", "secrets": ["token"],
            "tools": ["run", "write_file", "read_file", "remember", "recall", "send_message",
                      "submit_result"],
            "environment": {"WORD": "${WORD}"},
        }  # fmt: skip
        both = [{"name": "one", "spec": model}, {"name": self.own_agent, "spec": model}]
        web = {
            "agents": both,
            "coordination": {"mode": "peer", "consensus": {"algorithm": "majority"}},
            "shared": {"memory": {"type": "inmemory", "namespace": "ours"}},
            "workspace": "worktree",
        }
        own = {
            # Of a provider that nobody has: its name is a word too.
            "agents": [*both[:1], {"name": "odd", "spec": {**model, "model": f"{self.word}:m"}}],
            "coordination": {"mode": "peer"},
            "shared": {"memory": {"type": "sqlite", "path": "../memory.db", "namespace": "ours"}},
        }
        named = {"web": web, self.word: own}
        return {
            name: {**VERSION, "kind": "AgentFleet", "metadata": {"name": name}, "spec": spec}
            for name, spec in named.items()
        }

    def write(self, tenants: Path, flows: Path) -> None:
        repository(self.workspace, **{f"{self.word}__txt": f"{self.word}\n", "a__txt": "a\n"})
        for name, fleet in self.fleets().items():
            (self.folder / f"{name}.yaml").write_text(json.dumps(fleet))
        members = [
            {"name": name, "role": role, "identities": {"slack": f"U-{role}-{self.word}"}}
            for role, name in self.members.items()
        ]
        spec = {"plan": "standard", "members": members, "description": f"of {self.word}"}
        head = {**VERSION, "kind": "Tenant", "metadata": {"name": self.name}}
        (tenants / f"{self.name}.yaml").write_text(json.dumps({**head, "spec": spec}))
        flow = {
            "trigger": {"type": "Manual", "config": {"patterns": [self.mark]}},
            "context": {"organization": self.name, "working_dir": str(self.workspace)},
            "agents": [{"name": "a", "model": "openai:test", "instructions": self.word}],
        }
        for name in (f"f-{self.word}", f"flow-of-{self.name}"):
            head = {**VERSION, "kind": "AgentFlow", "metadata": {"name": name}}
            (flows / f"{name}.yaml").write_text(json.dumps({**head, "spec": flow}))


class Answers:
    """What models answer: from the prompt's own words, so that what leaked in would come out."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, seen: Seen) -> Said:
        self.count += 1
        messages = seen.body["messages"]
        own = re.search(r"canary-[a-z-]+-[0-9a-f]{20}", json.dumps(messages[0]))
        word = own[0] if own else "nobody"
        last = max(n for n, one in enumerate(messages) if one["role"] == "user")
        step = sum(one["role"] == "assistant" for one in messages[last:])
        if step:
            return Said(f"done, says {word}")
        calls: Sequence[Mapping[str, Any]] = (
            {"name": "write_file", "arguments": {"path": f"{word}-n.txt", "content": word}},
            {"name": "remember", "arguments": {"key": "what", "value": word}},
            {"name": "recall", "arguments": {}},
            {"name": "run", "arguments": {"argv": ["env"]}},
            {"name": "run", "arguments": {"argv": ["tee", "-a", "environ"], "stdin": word}},
        )
        call = calls[self.count % len(calls)]
        made = ({"id": f"c{self.count}", **call},)
        return Said(f"I am {word}", tool_calls=made, finish="tool_calls")


@dataclass
class Place:
    """A host with its tenants, and the ways in."""

    state: Path
    house: House
    organisations: dict[str, Organisation]
    server: ScriptedServer
    stack: AsyncExitStack
    doors: dict[tuple[str, str, bool], Client] = field(default_factory=dict)
    came: Counter[str] = field(default_factory=Counter)

    async def door(self, tenant: str, role: str, *, over_socket: bool) -> Client:
        """Give the door of a member: in this process, or over the host's socket."""
        key = (tenant, role, over_socket)
        if key not in self.doors:
            member = self.organisations[tenant].members[role]
            self.doors[key] = (
                await self.stack.enter_async_context(await remote.join(str(self.state), "", member))
                if over_socket
                else self.house.session("ann", rights_of=member)
            )
        return self.doors[key]

    def foreign_marks(self, tenant: str) -> list[str]:
        return [one.mark for name, one in self.organisations.items() if name != tenant]

    def refuse_foreign(self, tenant: str, what: str, got: str | bytes) -> None:
        """Fail where a word of another tenant is in what somebody of this one got."""
        text = got if isinstance(got, str) else got.decode("utf-8", "replace")
        for mark in self.foreign_marks(tenant):
            at = text.lower().find(mark)
            assert at < 0, f"{tenant} got {text[max(at - 200, 0) : at + 60]!r} by {what}"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Place]:
    """Open a host on real parts with every tenant's fleets, at work."""
    state, tenants, flows = folder / "state", folder / "state" / "tenants", folder / "flows"
    state.mkdir(mode=0o700)
    tenants.mkdir()
    flows.mkdir()
    mine = {name: Organisation(name, folder / f"of-{n}") for n, name in enumerate(TENANTS)}
    for one in mine.values():
        one.write(tenants, flows)
        SecretStore(state / "secrets").put(
            one.name, "token", f"secret-of-{one.word}", 0.0, "ann", anew=False
        )
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    built: list[House] = []
    with ScriptedServer(Answers()) as server:
        settings = FlowSettings(
            ReloadingFlows(str(flows), {}), watch=False,
            environment={"OPENAI_API_KEY": "sk-host", "OPENAI_API_BASE": f"{server.url}/v1"},
        )  # fmt: skip

        @asynccontextmanager
        async def build() -> AsyncIterator[HouseOfHost]:
            async with house(state, environment, settings) as made:
                built.append(made)
                ready.set()
                yield made

        ready = asyncio.Event()
        claimed = claim(str(state))
        assert claimed is not None
        host = Host(claimed, 3600.0, build, Reception(lambda: None))  # type: ignore[arg-type, return-value]
        running = asyncio.create_task(host.run())
        try:
            await ready.wait()
            async with AsyncExitStack() as stack:
                place = Place(state, built[0], mine, server, stack)
                await asyncio.gather(*(_settle(place, one) for one in mine.values()))
                yield place
        finally:
            host.stop()
            await running


async def _settle(place: Place, one: Organisation) -> None:
    """Open a tenant's fleets and give them something to do."""
    door = await place.door(one.name, "admin", over_socket=True)
    for name in one.fleets():
        fleet = await door.send(
            OpenFleet(
                "", str(one.folder / f"{name}.yaml"), str(one.workspace), "",
                one.environment(place.server.url),
            )
        )  # fmt: skip
        assert fleet == f"{name}@{one.name}"
        await door.send(StartRun(fleet, Payload(f"task of {one.word} " + "x" * 9000)))
        await door.send(SendMessage(fleet, "one", Payload(f"mail of {one.word}")))
    await door.send(SendToFlow(one.name, f"request of {one.word}", user=one.word))
