"""Real coding agents, installed once into a cache, against scripted providers on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.servers import Said, ScriptedServer, Seen

CACHE = Path(
    os.environ.get("FLEETTUI_TEST_AGENTS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fleettui-tests/agents"
)
BIN = CACHE / "node_modules" / ".bin"
PATH = f"{BIN}:/usr/local/bin:/usr/bin:/bin"
Turn = Callable[[Seen, bool], Said]


def need(program: str) -> str:
    """Give the path of an agent's program, or skip and say which is absent."""
    found = BIN / program
    if not found.exists():
        pytest.skip(f"{program} is not installed: .ci/agents installs it into {CACHE}")
    return str(found)


def opencode_server(turn: Turn) -> ScriptedServer:
    """Give a provider for opencode; `turn` answers what has tools, and knows if one came back."""
    return ScriptedServer(_answers(turn), "openai")


def claude_server(turn: Turn) -> ScriptedServer:
    return ScriptedServer(_answers(turn), "anthropic")


def _answers(turn: Turn) -> Callable[[Seen], Said]:
    def answer(seen: Seen) -> Said:
        if not seen.body.get("tools"):
            return Said("a title")
        last = seen.body["messages"][-1]
        came_back = last.get("role") == "tool" or "tool_result" in json.dumps(last)
        return turn(seen, came_back)

    return answer


def shell_call(tool: str, command: str) -> Said:
    """Give a reply that asks for a command by the agent's own shell tool."""
    arguments = {"command": command, "description": "as it was asked"}
    # Agents tell calls apart by their ids, also those of an earlier turn.
    call = {"name": tool, "arguments": arguments, "id": f"toolu_{uuid4().hex}"}
    return Said("I will do it.", tool_calls=[call], finish="tool_calls")


def opencode_environment(server: ScriptedServer) -> dict[str, str]:
    """Give what an opencode agent's file declares: a provider on loopback, permissions asked."""
    base = server.environment()["OPENAI_API_BASE"]
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "scripted",
        "options": {"baseURL": base, "apiKey": "none"},
        "models": {"test": {"name": "test"}},
    }
    config = {
        "autoupdate": False,
        "share": "disabled",
        "model": "scripted/test",
        "small_model": "scripted/test",
        "provider": {"scripted": provider},
        "permission": {"bash": "ask", "edit": "ask", "webfetch": "ask"},
    }
    return {"PATH": PATH, "OPENCODE_CONFIG_CONTENT": json.dumps(config),
            "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}  # fmt: skip


def claude_environment(server: ScriptedServer) -> dict[str, str]:
    """Give what a Claude Code agent's file declares: a provider on loopback, no further traffic."""
    return {
        "PATH": PATH,
        **server.environment(),
        "IS_SANDBOX": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def spoken(seen: Seen) -> str:
    """Give all that was sent to a provider, as one text."""
    return json.dumps(seen.body.get("messages"))


def said_by_tools(server: ScriptedServer) -> list[Seen]:
    return [one for one in server.seen if one.body.get("tools")]


Environment = Callable[[ScriptedServer], Mapping[str, Any]]
