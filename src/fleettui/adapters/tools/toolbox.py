"""The toolbox on this machine: a table of tools, one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from fleettui.adapters.tools import (
    edit,
    engine_tools,
    files,
    history,
    http_request,
    lint,
    memory_tools,
    run,
    search,
    write,
)
from fleettui.adapters.tools.arguments import checked_arguments
from fleettui.adapters.tools.mcp.servers import McpServers, is_mcp
from fleettui.adapters.tools.tool import LookUp, Say, Surroundings, Tool, system_addresses
from fleettui.adapters.tools.workspace import confine
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, ToolSpec, Workplace

TOOLS: Final[Mapping[str, Tool]] = {
    tool.spec.name: tool
    for group in (
        files,
        search,
        history,
        lint,
        run,
        write,
        edit,
        http_request,
        engine_tools,
        memory_tools,
    )
    for tool in group.TOOLS
}
# What the toolbox only describes: asking it to do one is a defect, and raises.
_OF_ENGINE: Final = frozenset(tool.spec.name for tool in (*engine_tools.TOOLS, *memory_tools.TOOLS))
# Names of fleet files that stand for several tools.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {"git": ("git_diff", "git_log", "git_show")}


class LocalToolbox:
    """Does what agents ask in their workspace on this machine."""

    def __init__(
        self, environment: Mapping[str, str], key: bytes, look_up: LookUp = system_addresses
    ) -> None:
        """Take the variables of which PATH, HOME, LANG, USER and LOGNAME may reach programs.

        `key` hashes secret values; the same key gives the same facts after a restart. `look_up`
        gives the addresses of a host.
        """
        self._around = Surroundings(dict(environment), key, look_up)
        self._servers = McpServers(environment)

    async def prepare(self, place: Workplace) -> tuple[str, ...]:
        """Start the MCP servers of an agent, and say in a line each what is wrong with them."""
        return await self._servers.prepare(place)

    async def release(self, fleet: str, agent: str = "") -> None:
        """End the MCP servers that nobody uses any more."""
        await self._servers.release(fleet, agent)

    async def close(self) -> None:
        """End everything that was started."""
        await self._servers.close()

    def specs(self, names: Sequence[str], place: Workplace | None = None) -> tuple[ToolSpec, ...]:
        """Describe the named tools and groups, each once, leaving out those that don't exist.

        With a `place`, also the tools of the MCP servers that run there.
        """
        wanted = [name for given in names for name in GROUPS.get(given, (given,))]
        own = tuple(TOOLS[name].spec for name in dict.fromkeys(wanted) if name in TOOLS)
        return own if place is None else (*own, *self._servers.specs(place))

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down without doing it; raises ToolFailed for a call that makes no sense."""
        if is_mcp(call.name):
            return await self._servers.freeze(call, place)
        tool = _find(call.name)
        return await tool.freeze(checked_arguments(call, tool.spec), place, self._around)

    async def match(self, place: Workplace, pattern: str) -> Sequence[str]:
        """Name the files of a workspace that fit a pattern, sorted."""
        root = confine(place.workspace, ".")
        names = await files.file_names(root, place, self._around)
        return [name for name in names if files.fits(name, pattern)]

    async def perform(self, facts: Facts, place: Workplace, say: Say | None = None) -> ToolResult:
        """Do it. A failure of the tool is a result with ok=False; cancelling kills what it ran.

        `say` is told how far a long work is.
        """
        around = replace(self._around, say=say) if say is not None else self._around
        if facts.tool in _OF_ENGINE:
            return await _find(facts.tool).perform(facts, place, around)
        try:
            if is_mcp(facts.tool):
                return await self._servers.perform(facts, place, around.say)
            return await _find(facts.tool).perform(facts, place, around)
        except ToolFailed as failure:
            return ToolResult(str(failure), ok=False)
        except OSError as failure:
            return ToolResult(f"{facts.tool} failed: {failure}", ok=False)


def _find(name: str) -> Tool:
    if name in TOOLS:
        return TOOLS[name]
    near = get_close_matches(name, list(TOOLS), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(TOOLS)}"
    raise ToolFailed(f"there is no tool {name!r}", hint)
