"""What must hold inside one agent: its runtime, tools, their settings and no secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fleettui.core.spec.granted import granted_faults
from fleettui.core.spec.hosts import host_faults
from fleettui.core.spec.kind_rules import kind_faults
from fleettui.core.spec.known import (
    ASKS_COMMAND,
    ASKS_MODEL,
    LATER_RUNTIMES,
    LATER_TOOLS,
    PROGRAMS,
    RUN_SETTINGS,
    RUNTIMES,
    TOOL_FIELDS,
    TOOL_SETTINGS,
    TOOLS,
    TOOLSETS,
    WITHOUT_INSTRUCTIONS,
    closest,
    is_mcp_name,
    tool_name,
)
from fleettui.core.spec.problem import Fault, Loc

Data = dict[str, Any]
_LIKELY_TOOLS = (*TOOLS, *TOOLSETS, *PROGRAMS)
_INSTRUCTIONS = ("instructions", "system_prompt", "system")


def agent_faults(spec: Data, loc: Loc, declared: Collection[str] = ()) -> Iterator[Fault]:
    """Check an agent's spec as written, found at `loc`; `declared` are programs of its fleet."""
    yield from _runtime(spec, loc)
    yield from kind_faults(spec, loc)
    yield from _model(spec, loc)
    yield from _command(spec, loc)
    yield from _instructions(spec, loc)
    tools = spec.get("tools")
    names: list[str] = []
    for at, tool in enumerate(tools if isinstance(tools, list) else []):
        yield from _tool(tool, bool(spec.get("mcp_servers")), (*loc, "tools", at), declared)
        name = tool_name(tool)
        if name is not None:
            names.append(name)
    for field in ("tool_config", "tool_restrictions"):
        yield from _settings_by_tool(spec.get(field), names, (*loc, field), declared)
    yield from _without_hosts(spec, names, loc)
    yield from _servers(spec.get("mcp_servers"), (*loc, "mcp_servers"))
    yield from granted_faults(spec, loc)


def _runtime(spec: Data, loc: Loc) -> Iterator[Fault]:
    kind = spec.get("type")
    if not isinstance(kind, str) or kind in RUNTIMES:
        return
    near = closest(kind, (*RUNTIMES, *LATER_RUNTIMES))
    if near:
        yield Fault((*loc, "type"), f"unknown type '{kind}', did you mean '{near}'?")
    else:
        message = f"type '{kind}' is not built in: it needs a package that brings this runtime"
        yield Fault((*loc, "type"), message, "warning")


def _model(spec: Data, loc: Loc) -> Iterator[Fault]:
    """Demand a model where the runtime asks one; runtimes of other packages know for themselves."""
    if spec.get("type", "llm") in ASKS_MODEL and "model" not in spec:
        here: Loc = (*loc, "model")
        yield Fault(here, f"missing '{'model' if len(here) > 3 else 'spec.model'}'")


def _command(spec: Data, loc: Loc) -> Iterator[Fault]:
    """Demand the program of a runtime that is nothing without one."""
    kind = spec.get("type", "llm")
    if kind in ASKS_COMMAND and "command" not in spec:
        yield Fault(
            (*loc, "type"),
            f"type {kind} needs 'command', the program that is the agent: command: [opencode, acp]",
        )


def _instructions(spec: Data, loc: Loc) -> Iterator[Fault]:
    given = [name for name in spec if name in _INSTRUCTIONS]
    for name in given[1:]:
        message = f"'{name}' means the same as '{given[0]}', give one of them"
        yield Fault((*loc, name), message, at="key")
    if not given and spec.get("type", "llm") not in WITHOUT_INSTRUCTIONS:
        yield Fault(loc, "the agent has no instructions", "warning", "key")


def _tool(tool: Any, served: bool, loc: Loc, declared: Collection[str]) -> Iterator[Fault]:
    if not isinstance(tool, (str, dict)):
        yield Fault(loc, "expected the name of a tool, or a mapping with 'name'")
        return
    name = tool_name(tool)
    if name is None:
        lack = "must not be empty" if isinstance(tool, str) else "a tool needs 'name'"
        yield Fault(loc, lack)
        return
    at = loc if isinstance(tool, str) else (*loc, "name" if "name" in tool else "type")
    if is_mcp_name(name):
        if not served:
            message = f"'{name}' is a tool of an MCP server, name the server in mcp_servers"
            yield Fault(at, message, "warning")
    else:
        yield from _known_tool(name, at, declared)
    if isinstance(tool, dict):
        yield from _tool_fields(tool, name, loc, declared)


def _known_tool(name: str, loc: Loc, declared: Collection[str]) -> Iterator[Fault]:
    if name in TOOLS or name in TOOLSETS or name in PROGRAMS or name in declared:
        return
    if name in LATER_TOOLS:
        yield Fault(loc, f"tool '{name}' is not built yet, the agent runs without it", "warning")
        return
    near = closest(name, (*declared, *_LIKELY_TOOLS))
    if near:
        yield Fault(loc, f"unknown tool '{name}', did you mean '{near}'?")
    else:
        yield Fault(loc, f"unknown tool '{name}', the agent runs without it", "warning")


def _tool_fields(tool: Data, name: str, loc: Loc, declared: Collection[str]) -> Iterator[Fault]:
    for field in tool:
        if field not in TOOL_FIELDS:
            near = closest(field, TOOL_FIELDS)
            guess = f", did you mean '{near}'?" if near else f", known are {', '.join(TOOL_FIELDS)}"
            yield Fault((*loc, field), f"unknown field '{field}'{guess}", at="key")
    if not isinstance(tool.get("enabled", True), bool):
        yield Fault((*loc, "enabled"), "must be true or false")
    if "config" in tool:
        yield from _settings(tool["config"], name, (*loc, "config"), declared)


def _settings(config: Any, tool: str, loc: Loc, declared: Collection[str]) -> Iterator[Fault]:
    """Check settings: a slip is an error; so is anything unknown where the tool is built."""
    if not isinstance(config, dict):
        yield Fault(loc, "expected a mapping of settings")
        return
    built = tool in TOOLS or tool in TOOLSETS
    runs = tool in {"run", "shell"} or tool in PROGRAMS or tool in declared
    for field, value in config.items():
        here: Loc = (*loc, field)
        if field not in TOOL_SETTINGS:
            near = closest(field, TOOL_SETTINGS)
            if near:
                yield Fault(here, f"unknown setting '{field}', did you mean '{near}'?", at="key")
            elif built:
                message = f"unknown setting '{field}' of tool {tool}, remove it"
                yield Fault(here, message, at="key")
        elif not runs or field in RUN_SETTINGS:
            yield from _setting(field, value, here)
        if runs and field not in RUN_SETTINGS:
            yield Fault(here, f"setting '{field}' does nothing for {tool}", "warning", "key")


def _setting(field: str, value: Any, loc: Loc) -> Iterator[Fault]:
    """Check one known setting."""
    if field == "allowed_hosts":
        yield from host_faults(value, loc)
    elif field.startswith(("allowed_", "blocked_")):
        yield from _words(value, loc)
    elif field in {"timeout_seconds", "timeout_secs", "max_results"}:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not value > 0:
            yield Fault(loc, "must be a number of more than 0")
    elif field == "read_only" and not isinstance(value, bool):
        yield Fault(loc, "must be true or false")


def _words(value: Any, loc: Loc) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(loc, "expected a list of texts")
        return
    for at, word in enumerate(value):
        if not isinstance(word, str):
            yield Fault((*loc, at), "expected text; quote it")
        elif not word.strip():
            yield Fault((*loc, at), "empty text would match everything, remove it")


def _settings_by_tool(
    value: Any, names: list[str], loc: Loc, declared: Collection[str]
) -> Iterator[Fault]:
    if not isinstance(value, dict):
        return
    for tool, config in value.items():
        if tool not in names:
            near = closest(tool, names)
            message = f"no tool of this agent is named '{tool}'"
            guess = f", did you mean '{near}'?" if near else ", its settings do nothing"
            yield Fault((*loc, tool), message + guess, "error" if near else "warning", "key")
        yield from _settings(config, tool, (*loc, tool), declared)


def _without_hosts(spec: Data, names: list[str], loc: Loc) -> Iterator[Fault]:
    """Warn of an agent that has `http_request` and no host to ask."""
    config = spec.get("tool_config")
    settings = config.get("http_request") if isinstance(config, dict) else None
    written = (
        [tool.get("config") for tool in spec["tools"] if isinstance(tool, dict)] if names else []
    )
    if "http_request" in names and not any(
        isinstance(one, dict) and one.get("allowed_hosts") for one in (settings, *written)
    ):
        message = (
            "http_request reaches no host, name some in tool_config.http_request.allowed_hosts"
        )
        yield Fault((*loc, "tools", names.index("http_request")), message, "warning")


def _servers(servers: Any, loc: Loc) -> Iterator[Fault]:
    """Check MCP servers; one with a name alone is looked up in `.mcp.json` beside the file."""
    names: list[str] = []
    for at, server in enumerate(servers if isinstance(servers, list) else []):
        here: Loc = (*loc, at)
        name = server.get("name") if isinstance(server, dict) else server
        if isinstance(name, str):
            if name in names:
                yield Fault(here, f"two servers are named '{name}', name each once")
            names.append(name)
        if not isinstance(server, dict) or set(server) <= {"name"}:
            continue
        remote = server.get("transport") in ("sse", "http", "streamable-http")
        if remote and "url" not in server and "endpoint" not in server:
            yield Fault(here, "a server reached over the network needs 'url'")
        elif not remote and "command" not in server:
            yield Fault(here, "a server started here (stdio) needs 'command'")
        url = server.get("url", server.get("endpoint"))
        if isinstance(url, str) and not url.startswith(("http://", "https://", "${")):
            yield Fault((*here, "url" if "url" in server else "endpoint"), "expected http(s)://...")
