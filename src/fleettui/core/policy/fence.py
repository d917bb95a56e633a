"""A fence: what an agent may do with one program, by the settings of its tools."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fleettui.core.policy.command import Command
from fleettui.core.policy.pattern import Pattern, covers, stops


class Fence(msgspec.Struct, frozen=True):
    """What `tool` may do with `program` ('' for every program): all, when `allowed` is empty.

    `read_only` keeps it to what only reads, secrets excepted.
    """

    tool: str
    program: str
    allowed: tuple[Pattern, ...] = ()
    blocked: tuple[Pattern, ...] = ()
    read_only: bool = False


def beyond(fences: Sequence[Fence], command: Command) -> str:
    """Say why a command lies outside, or ''; of several fences round a program one is enough."""
    whole = [fence for fence in fences if not fence.program]
    about = [fence for fence in fences if fence.program == command.tool]
    for fence in (*whole, *about):
        if fence.read_only and set(command.parsed.risks) - set("rn"):
            return f"{fence.tool} may only read"
        for pattern in fence.blocked:
            if stops(pattern, command):
                return f"{fence.tool} may not: {pattern.text}"
    return _outside(whole, command) or _outside(about, command)


def _outside(fences: Sequence[Fence], command: Command) -> str:
    if not fences or not all(fence.allowed for fence in fences):
        return ""
    allowed = [pattern for fence in fences for pattern in fence.allowed]
    if any(covers(pattern, command) for pattern in allowed):
        return ""
    listed = ", ".join(pattern.text.removesuffix(" *") for pattern in allowed)
    return f"{fences[0].tool} may only: {listed[:400]}"
