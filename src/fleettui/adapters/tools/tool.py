"""What one tool is: its description, how a call is nailed down, how it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleettui.core.model import Facts, ToolResult, ToolSpec, Workplace

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the host lends its tools: a few variables of its environment and the key for hashes.

    `hidden` are folders that a sandboxed program must not see.
    """

    environment: Mapping[str, str]
    key: bytes = field(repr=False)
    hidden: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The folders programs are looked up in: absolute ones only."""
        return absolute_entries(self.environment.get("PATH", ""))


Freeze = Callable[[Arguments, Workplace, Surroundings], Awaitable[Facts]]
Perform = Callable[[Facts, Workplace, Surroundings], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool; `freeze` gets checked arguments, `perform` gets what `freeze` gave."""

    spec: ToolSpec
    freeze: Freeze
    perform: Perform


FALLBACK_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def absolute_entries(path: str) -> str:
    """Give PATH without its relative and empty entries, or the usual folders if none is left."""
    kept = [entry for entry in path.split(":") if entry.startswith("/")]
    return ":".join(kept) or FALLBACK_PATH


def spec(name: str, description: str, required: tuple[str, ...] = (), **fields: Any) -> ToolSpec:
    """Describe a tool whose arguments are one closed JSON object."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolSpec(name, description, schema)
