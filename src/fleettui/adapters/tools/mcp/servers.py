"""All servers that agents of this process use: each started once for those with the same file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleettui.adapters.tools.mcp.keeper import Keeper
from fleettui.adapters.tools.mcp.listed import Listed, tool_prefix
from fleettui.adapters.tools.mcp.schema import schema_problems
from fleettui.adapters.tools.mcp.settings import identity, settings_of, shown_command
from fleettui.adapters.tools.tool import absolute_entries
from fleettui.core.errors import ToolFailed
from fleettui.core.model import (
    Facts,
    Operand,
    Risk,
    ToolCall,
    ToolResult,
    ToolServer,
    ToolSpec,
    Workplace,
)

_PASSED = ("HOME", "LANG", "USER", "LOGNAME")


@dataclass(slots=True)
class _Kept:
    """A server, and the agents that use it."""

    keeper: Keeper
    users: set[tuple[str, str, str]] = field(default_factory=set)


class McpServers:
    """Starts servers when an agent first needs them, and ends them when none does any more."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._kept: dict[str, _Kept] = {}

    async def prepare(self, place: Workplace) -> tuple[str, ...]:
        """Wait for the servers of an agent, and say in a line each what is wrong with them."""
        troubles = [self._start(server, place) for server in place.servers]
        await self._forget(place)
        mine = [kept.keeper for _, kept in self._of(place)]
        for keeper in mine:
            await keeper.wait_settled()
        lost = [f"MCP server {one.settings.name}: {one.why}" for one in mine if one.why]
        return (*(text for text in troubles if text), *lost)

    def specs(self, place: Workplace) -> tuple[ToolSpec, ...]:
        """Describe the tools that the servers of an agent have right now."""
        return tuple(
            tool.spec for _, kept in self._of(place) for tool in kept.keeper.tools.values()
        )

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down: the server, what it says of the tool, and every argument."""
        await self.prepare(place)
        server, _, tool = self._find(call.name, place)
        if call.problem:
            raise ToolFailed(f"{call.name}: {call.problem}", "give one JSON object")
        if wrong := list(schema_problems(call.arguments, tool.spec.parameters))[:10]:
            raise ToolFailed(f"{call.name}: {'; '.join(wrong)}", "look at its description")
        remote: tuple[Risk, ...] = ("network",) if server.url else ()
        destroys: tuple[Risk, ...] = ("destructive",) if tool.destructive else ()
        arguments = json.dumps(call.arguments, ensure_ascii=False, sort_keys=True)
        return Facts(
            call.name,
            call.arguments,
            operands=(Operand(f"what server {server.name} says of the tool", tool.digest),),
            risks=("write", *remote, *destroys),
            preview=f"MCP server {server.name}: {shown_command(server)}\n{tool.spec.description}",
            summary=f"{call.name} {arguments[:200]}",
        )

    async def perform(
        self, facts: Facts, place: Workplace, say: Callable[[str], None]
    ) -> ToolResult:
        """Call the tool, if the server still says the same of it."""
        await self.prepare(place)
        _, keeper, tool = self._find(facts.tool, place)
        if tool.digest != facts.operands[0].sha256:
            raise ToolFailed(f"{facts.tool} is not the tool that was asked about", "look again")
        return await keeper.call(tool, dict(facts.arguments), say)

    async def release(self, fleet: str, agent: str = "") -> None:
        """End the servers that only this agent used, or all agents of the fleet."""
        for key, kept in list(self._kept.items()):
            gone = {user for user in kept.users if user[1] == fleet and agent in {"", user[2]}}
            kept.users -= gone
            if gone and not kept.users:
                await self._end(key)

    async def close(self) -> None:
        """End every server."""
        await asyncio.gather(*(self._end(key) for key in list(self._kept)))

    def _start(self, server: ToolServer, place: Workplace) -> str:
        key = identity(server, place)
        if key not in self._kept:
            try:
                settings = settings_of(server, place.workspace)
            except ToolFailed as refusal:
                return f"MCP server {server.name}: {refusal}"
            self._kept[key] = _Kept(Keeper(settings, self._env_of(settings.env)))
        self._kept[key].users.add(_user(place))
        return ""

    def _env_of(self, own: Mapping[str, str]) -> dict[str, str]:
        """Give a server's whole environment: a few of the host's variables, and its own."""
        passed = {name: self._environment[name] for name in _PASSED if name in self._environment}
        path = absolute_entries(self._environment.get("PATH", ""))
        return {"PATH": path, "LANG": "C.UTF-8", "TERM": "dumb", **passed, **own}

    def _of(self, place: Workplace) -> Sequence[tuple[ToolServer, _Kept]]:
        found = [(server, self._kept.get(identity(server, place))) for server in place.servers]
        return [(server, kept) for server, kept in found if kept is not None]

    def _find(self, name: str, place: Workplace) -> tuple[ToolServer, Keeper, Listed]:
        mine = self._of(place)
        for server, kept in mine:
            if name in kept.keeper.tools:
                return server, kept.keeper, kept.keeper.tools[name]
        for server, kept in mine:
            if name.startswith(tool_prefix(server.name)) and kept.keeper.why:
                raise kept.keeper.not_running()
        names = ", ".join(spec.name for spec in self.specs(place)) or "none"
        raise ToolFailed(f"there is no tool {name!r}", f"the MCP servers have: {names}")

    async def _forget(self, place: Workplace) -> None:
        """Leave servers that an agent's file does not name any more."""
        user, named = _user(place), {identity(one, place) for one in place.servers}
        for key, kept in list(self._kept.items()):
            if user in kept.users and key not in named:
                kept.users.discard(user)
                if not kept.users:
                    await self._end(key)

    async def _end(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            await kept.keeper.close()


def _user(place: Workplace) -> tuple[str, str, str]:
    return place.tenant, place.fleet, place.agent


def is_mcp(name: Any) -> bool:
    """Say whether a tool's name is one of a server."""
    return isinstance(name, str) and name.startswith("mcp__")
