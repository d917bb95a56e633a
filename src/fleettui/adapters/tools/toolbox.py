"""The toolbox on this machine: a table of tools, one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from fleettui.adapters.tools import (
    engine_tools,
    exact,
    files,
    history,
    lint,
    memory_tools,
    run,
    search,
    write,
)
from fleettui.adapters.tools.arguments import checked_arguments
from fleettui.adapters.tools.tool import Surroundings, Tool
from fleettui.adapters.tools.workspace import confine
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolCall, ToolResult, ToolSpec, Workplace

TOOLS: Final[Mapping[str, Tool]] = {
    tool.spec.name: tool
    for group in (files, exact, search, history, lint, run, write, engine_tools, memory_tools)
    for tool in group.TOOLS
}
# What the toolbox only describes: asking it to do one is a defect, and raises.
_OF_ENGINE: Final = frozenset(tool.spec.name for tool in (*engine_tools.TOOLS, *memory_tools.TOOLS))
# Names of fleet files that stand for several tools.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {"git": ("git_diff", "git_log", "git_show")}


class LocalToolbox:
    """Does what agents ask in their workspace on this machine."""

    def __init__(self, environment: Mapping[str, str], key: bytes) -> None:
        """Take the variables of which PATH, HOME, LANG, USER and LOGNAME may reach programs.

        `key` hashes secret values; the same key gives the same facts after a restart.
        """
        self._around = Surroundings(dict(environment), key)

    def specs(self, names: Sequence[str]) -> tuple[ToolSpec, ...]:
        """Describe the named tools and groups, each once, leaving out those that don't exist."""
        wanted = [name for given in names for name in GROUPS.get(given, (given,))]
        return tuple(TOOLS[name].spec for name in dict.fromkeys(wanted) if name in TOOLS)

    async def freeze(self, call: ToolCall, place: Workplace) -> Facts:
        """Nail a call down without doing it; raises ToolFailed for a call that makes no sense."""
        tool = _find(call.name)
        return await tool.freeze(checked_arguments(call, tool.spec), place, self._around)

    async def match(self, place: Workplace, pattern: str) -> Sequence[str]:
        """Name the files of a workspace that fit a pattern, sorted."""
        root = confine(place.workspace, ".")
        names = await files.file_names(root, place, self._around)
        return [name for name in names if files.fits(name, pattern)]

    async def perform(self, facts: Facts, place: Workplace) -> ToolResult:
        """Do it. A failure of the tool is a result with ok=False; cancelling kills what it ran."""
        tool = _find(facts.tool)
        if facts.tool in _OF_ENGINE:
            return await tool.perform(facts, place, self._around)
        try:
            return await tool.perform(facts, place, self._around)
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
