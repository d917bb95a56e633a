"""The tools of the shared memory: remember, recall and forget, through the port."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from fleettui.core.memory import MemoryEntry, check_value, fits
from fleettui.core.model import ToolResult
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.core.state.memory import shared_memory
from fleettui.engine.order import Order
from fleettui.engine.remembering import Remembering

# An answer's bound is that of the other tools; a list shows the beginning of long texts.
MOST_CHARACTERS: Final = 100_000
_HEAD: Final = 2_000


async def remember(
    order: Order, memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Keep an entry; done again after a crash it is the same entry, with the same end."""
    given = action.facts.arguments
    key, value = str(given["key"]), str(given["value"])
    check_value(value)
    spec = shared_memory(state)
    ttl = given.get("ttl") or (spec.ttl if spec is not None else None)
    at = action.started or order.engine.clock.now()
    async with memories.memory(state.id) as memory:
        until = at + float(str(ttl)) if ttl else 0.0
        await memory.put(MemoryEntry(key, value, action.agent, at, until))
    return ToolResult(f"remembered under {key}" + (f" for {ttl} s" if ttl else ""))


async def recall(
    order: Order, memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Give one entry whole, or list those that fit."""
    given = action.facts.arguments
    key, prefix = str(given.get("key") or ""), str(given.get("prefix") or "")
    async with memories.memory(state.id) as memory:
        found = memory.entries(order.engine.clock.now(), key=key, prefix=prefix)
        if key:
            return _whole(key, [entry async for entry in found], int(str(given.get("start") or 0)))
        return await _listed(found, str(given.get("query") or ""))


async def forget(
    _order: Order, memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Take an entry out; one that is not there is forgotten already."""
    key = str(action.facts.arguments["key"])
    async with memories.memory(state.id) as memory:
        was_there = await memory.drop(key)
    return ToolResult(f"forgot {key}" if was_there else f"nothing was remembered under {key}")


def _whole(key: str, found: list[MemoryEntry], start: int) -> ToolResult:
    if not found:
        return ToolResult(f"nothing is remembered under {key}; recall without a key lists all")
    text = found[0].value
    piece = text[start : start + MOST_CHARACTERS]
    end = start + len(piece)
    if end < len(text):
        piece += f"\n... {len(text) - end} of {len(text)} characters more: go on with start={end}"
    return ToolResult(piece)


async def _listed(found: AsyncGenerator[MemoryEntry, None], query: str) -> ToolResult:
    """List entries as JSON, one a line, within the bound of an answer."""
    lines: list[str] = []
    size = left = 0
    async with aclosing(found) as entries:
        async for entry in entries:
            if query and not fits(entry, query):
                continue
            line = _line(entry)
            if left or size + len(line) > MOST_CHARACTERS:
                left += 1
                continue
            lines.append(line)
            size += len(line) + 1
    if left:
        lines.append(f"... {left} entries more: give a longer prefix or another query")
    return ToolResult("\n".join(lines) or "nothing that fits is remembered")


def _line(entry: MemoryEntry) -> str:
    shown: dict[str, object] = {"key": entry.key, "value": entry.value[:_HEAD], "by": entry.by}
    if len(entry.value) > _HEAD:
        shown["more"] = f"{len(entry.value)} characters in all: recall the key"
    return json.dumps(shown, ensure_ascii=False)
