"""The toolbox on this machine: a table of tools, one line each."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from fleettui.adapters.tools import (
    edit,
    engine_tools,
    exact,
    files,
    history,
    http_request,
    lint,
    memory_tools,
    run,
    search,
    shell,
    write,
)
from fleettui.adapters.tools.arguments import checked_arguments
from fleettui.adapters.tools.mcp.servers import McpServers, is_mcp
from fleettui.adapters.tools.programs import program_tool
from fleettui.adapters.tools.tool import LookUp, Say, Surroundings, Tool, system_addresses
from fleettui.adapters.tools.workspace import confine
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolProgram, ToolResult, ToolSpec, Workplace

TOOLS: Final[Mapping[str, Tool]] = {
    tool.spec.name: tool
    for group in (
        files,
        exact,
        search,
        history,
        lint,
        run,
        shell,
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
_LOOK_AGAIN: Final = 5.0  # seconds
# Names of fleet files that stand for several tools.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {"git": ("git_diff", "git_log", "git_show")}


class LocalToolbox:
    """Does what agents ask in their workspace on this machine."""

    def __init__(
        self,
        environment: Mapping[str, str],
        key: bytes,
        hidden: Sequence[str] = (),
        look_up: LookUp = system_addresses,
    ) -> None:
        """Take the variables of which PATH, HOME, LANG, USER and LOGNAME may reach programs.

        `key` hashes secret values; the same key gives the same facts after a restart. `hidden` are
        folders that a sandboxed program must not see. `look_up` gives the addresses of a host.
        """
        self._around = Surroundings(dict(environment), key, look_up=look_up, hidden=tuple(hidden))
        self._servers = McpServers(environment)
        self._looked: dict[str, tuple[float, bool]] = {}

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

        With a `place`, also its programs, and the tools of the MCP servers that run there.
        """
        known = place.programs if place is not None else {}
        wanted = [
            name
            for given in names
            for name in ((given,) if given in known else GROUPS.get(given, (given,)))
        ]
        found = [self._described(name, known) for name in dict.fromkeys(wanted)]
        own = tuple(one for one in found if one is not None)
        return own if place is None else (*own, *self._servers.specs(place))

    def _described(self, name: str, programs: Mapping[str, ToolProgram]) -> ToolSpec | None:
        program = programs.get(name)
        if program is not None:
            return program_tool(program).spec if self.installed(program.program) else None
        return TOOLS[name].spec if name in TOOLS else None

    def installed(self, program: str) -> bool:
        """Say whether a program is there; looked up again after a few seconds."""
        now = time.monotonic()
        at, found = self._looked.get(program, (0.0, False))
        if not at or now - at > _LOOK_AGAIN:
            found = shutil.which(program, path=self._around.path) is not None
            self._looked[program] = (now, found)
        return found

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down without doing it; raises ToolFailed for a call that makes no sense."""
        if is_mcp(call.name):
            return await self._servers.freeze(call, place)
        tool = _find(call.name, place)
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
            return await _find(facts.tool, place).perform(facts, place, around)
        try:
            if is_mcp(facts.tool):
                return await self._servers.perform(facts, place, around.say)
            return await _find(facts.tool, place).perform(facts, place, around)
        except ToolFailed as failure:
            return ToolResult(str(failure), ok=False)
        except OSError as failure:
            return ToolResult(f"{facts.tool} failed: {failure}", ok=False)


def _find(name: str, place: Workplace) -> Tool:
    if name in place.programs:
        return program_tool(place.programs[name])
    if name in TOOLS:
        return TOOLS[name]
    near = get_close_matches(name, list(TOOLS), 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(TOOLS)}"
    raise ToolFailed(f"there is no tool {name!r}", hint)
