"""The tool that reads a file exactly, for programs that write back what they read."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final

from fleettui.adapters.tools.files import reading
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import confine, read_inside
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolResult, Workplace

_LARGEST: Final = 4_000_000

READ_TEXT = spec(
    "read_text",
    "Read a text file exactly as it is, or `limit` lines of it from `line` on (from 1).",
    ("path",),
    path={"type": "string", "minLength": 1, "description": "Relative to the workspace."},
    line={"type": "integer", "minimum": 0},
    limit={"type": "integer", "minimum": 0},
)


async def _freeze(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    path = confine(place.workspace, arguments["path"])
    return Facts("read_text", arguments, cwd=path.root, risks=reading(path))


async def _read(facts: Facts, place: Workplace, _around: Surroundings) -> ToolResult:
    wanted = facts.arguments
    path = confine(place.workspace, wanted["path"])
    body = await asyncio.to_thread(read_inside, path, _LARGEST + 1)
    if len(body) > _LARGEST:
        raise ToolFailed(f"{path.name} is larger than {_LARGEST:,} bytes", "read it another way")
    text = body.decode(errors="replace")
    if "line" not in wanted and "limit" not in wanted:
        return ToolResult(text)
    start = max(wanted.get("line", 1), 1) - 1
    limit = wanted.get("limit")
    end = None if limit is None else start + limit
    return ToolResult("".join(islice(text.splitlines(keepends=True), start, end)))


TOOLS = (Tool(READ_TEXT, _freeze, _read),)
