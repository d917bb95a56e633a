"""`.mcp.json` beside a file: the servers that an agent may name in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fleettui.adapters.yaml.files import Unreadable, read_text
from fleettui.core.spec.problem import Fault, Loc

FILE: Final = ".mcp.json"
_TRANSPORTS: Final = {"http": "http", "streamable-http": "http", "sse": "sse", "stdio": "stdio"}


class McpFile:
    """The servers of `.mcp.json`, read when one is named; `flaw` says why there are none."""

    def __init__(self, beside: str) -> None:
        self.path = str(Path(beside).parent / FILE)
        self.flaw = ""
        self._servers: Mapping[str, Any] | None = None

    @property
    def servers(self) -> Mapping[str, Any]:
        """Give what the file says, by name."""
        if self._servers is None:
            self._servers = {}
            try:
                self._servers = _read(self.path)
            except (Unreadable, ValueError, RecursionError) as error:
                self.flaw = str(error).splitlines()[0]
        return self._servers

    def find(self, name: str) -> dict[str, Any]:
        """Give a server as a fleet file would write it; raises KeyError."""
        found = self.servers[name]
        url, kind = found.get("url"), found.get("type", found.get("transport"))
        transport = _TRANSPORTS.get(str(kind), "http" if url else "stdio")
        kept = {"command", "args", "env", "url", "headers"}
        return {
            "name": name, "transport": transport,
            **{key: value for key, value in found.items() if key in kept},
        }  # fmt: skip

    def faults(self, spec: Mapping[str, Any], loc: Loc) -> Iterator[Fault]:
        """Check the servers that an agent's spec names without saying what they are."""
        for at, name in _named(spec):
            here: Loc = (*loc, "mcp_servers", at)
            if self.servers and name in self.servers:
                yield from _entry(self.servers[name], name, here)
            elif self.flaw:
                yield Fault(here, f"server '{name}' is not described, and {FILE}: {self.flaw}")
            else:
                there = ", ".join(map(str, self.servers)) or "none"
                yield Fault(here, f"no server '{name}' in {FILE} beside this file, it has: {there}")

    def completed(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Give a spec with its named servers written out."""
        names = dict(_named(spec))
        if not names:
            return dict(spec)
        servers = [
            self.find(names[at]) if at in names else server
            for at, server in enumerate(spec["mcp_servers"])
        ]
        return {**spec, "mcp_servers": servers}


def _named(spec: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    servers = spec.get("mcp_servers")
    for at, server in enumerate(servers if isinstance(servers, list) else []):
        if isinstance(server, str):
            yield at, server
        elif isinstance(server, dict) and set(server) == {"name"}:
            yield at, str(server["name"])


def _entry(found: Any, name: str, loc: Loc) -> Iterator[Fault]:
    if not isinstance(found, dict):
        yield Fault(loc, f"server '{name}' in {FILE} is no mapping")
        return
    texts = {"command": found.get("command", ""), "url": found.get("url", "")}
    lists = found.get("args", [])
    tables = (found.get("env", {}), found.get("headers", {}))
    if not any(texts.values()):
        yield Fault(loc, f"server '{name}' in {FILE} needs 'command' or 'url'")
    if (
        not all(isinstance(text, str) for text in texts.values())
        or not (isinstance(lists, list) and all(isinstance(one, str) for one in lists))
        or not all(_texts(table) for table in tables)
    ):
        yield Fault(loc, f"server '{name}' in {FILE}: command and url are texts, args a list of "
                         "texts, env and headers texts by name")  # fmt: skip


def _texts(table: Any) -> bool:
    return isinstance(table, dict) and all(isinstance(value, str) for value in table.values())


def _read(path: str) -> Mapping[str, Any]:
    whole = json.loads(read_text(path), object_pairs_hook=_once)
    servers = whole.get("mcpServers") if isinstance(whole, dict) else None
    if not isinstance(servers, dict):
        raise Unreadable('it has no "mcpServers"')
    return servers


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return dict(pairs)
