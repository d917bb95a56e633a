"""What must hold for tools that are programs: names of their own, each declared once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.known import TOOLS, TOOLSETS
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]
# What a step of a workflow that asks people is called among the actions.
_OF_WORKFLOWS: Final = "approval"


def inline(data: Data) -> list[Data]:
    """Give the programs that a fleet declares itself."""
    listed = part(data, "spec").get("programs")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def declared_faults(data: Data, beside: Collection[str]) -> Iterator[Fault]:
    """Check the programs that a fleet declares; `beside` are those of the files beside it."""
    first: dict[str, Loc] = {}
    for at, program in enumerate(inline(data)):
        name, loc = program.get("name"), ("spec", "programs", at, "name")
        if not isinstance(name, str):
            continue
        yield from _taken(name, loc)
        if name in first:
            message = f"tool '{name}' is declared twice (first at line {{line}})"
            yield Fault(loc, message, other=first[name])
        elif name in beside:
            yield Fault(loc, f"tool '{name}' is declared by a file in the folder tools already")
        first.setdefault(name, loc)


def tool_faults(data: Data) -> Iterator[Fault]:
    """Check a document of kind Tool."""
    name = part(data, "metadata").get("name")
    if isinstance(name, str):
        yield from _taken(name, ("metadata", "name"))


def _taken(name: str, loc: Loc) -> Iterator[Fault]:
    if name in TOOLS or name in TOOLSETS or name == _OF_WORKFLOWS:
        yield Fault(loc, f"'{name}' is the name of a built-in tool, choose another")
