"""What one tool is: its description, how a call is nailed down, how it is done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleettui.core.model import Facts, ToolResult, ToolSpec, Workplace

Arguments = dict[str, Any]
# Gives the addresses of a host; raises OSError.
LookUp = Callable[[str, int], Awaitable[Sequence[str]]]
Say = Callable[[str], None]


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """Give the addresses that this machine's resolver has for a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def _silent(_text: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the host lends its tools.

    A few variables of its environment, the key for hashes, how a name becomes addresses, and a
    way to say how far a long work is.

    `hidden` are folders that a sandboxed program must not see.
    """

    environment: Mapping[str, str]
    key: bytes = field(repr=False)
    look_up: LookUp = system_addresses
    say: Say = _silent
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
