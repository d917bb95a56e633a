"""A tool as a server lists it, made fit for a model: named, bounded, with nothing invisible."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from fleettui.adapters.tools.secrecy import plain_text
from fleettui.core.model import ToolSpec

PREFIX: Final = "mcp__"
MOST_TOOLS: Final = 200
_MOST_NAME: Final = 64
_MOST_DESCRIPTION: Final = 4_000
_MOST_SCHEMA: Final = 32_000
_ANYTHING: Final[dict[str, Any]] = {"type": "object", "properties": {}}


class Listed(NamedTuple):
    """A tool of a server; `digest` changes when what the server says of it does."""

    spec: ToolSpec
    original: str
    digest: str
    destructive: bool


def tool_prefix(server: str) -> str:
    """Give what the names of a server's tools begin with."""
    return f"{PREFIX}{_plain(server)}__"


def listed_tools(
    server: str, found: Iterable[Mapping[str, Any]], wanted: frozenset[str]
) -> dict[str, Listed]:
    """Take in what a server lists: `name`, `description`, `schema`, `destructive` of each tool."""
    tools: dict[str, Listed] = {}
    for one in found:
        original = str(one["name"])
        if wanted and original not in wanted:
            continue
        name = _full_name(server, original)
        if name in tools or len(tools) == MOST_TOOLS:
            continue
        description = plain_text(str(one["description"]))[:_MOST_DESCRIPTION]
        schema = one["schema"] if isinstance(one["schema"], dict) else _ANYTHING
        text = json.dumps(schema, sort_keys=True)
        whole = json.dumps([original, description, text, one["destructive"]])
        if len(text) > _MOST_SCHEMA:
            schema = _ANYTHING
        schema = {**schema, "type": "object", "properties": schema.get("properties", {})}
        digest = hashlib.sha256(whole.encode()).hexdigest()
        spec = ToolSpec(name, description or original, schema)
        tools[name] = Listed(spec, original, digest, one["destructive"] is True)
    return tools


def _full_name(server: str, tool: str) -> str:
    """Give `mcp__server__tool` in the letters and the length that every provider takes."""
    name = tool_prefix(server) + _plain(tool)
    if len(name) <= _MOST_NAME:
        return name
    return f"{name[: _MOST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
