"""Reads a conversation back: which calls were made, and what each brought."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fleettui.adapters.models.builtin.rules import Role
from fleettui.core.model import ModelRequest, ToolCall

_WORDS: Final[dict[Role, str]] = {
    "security": r"secur|vulnerab|injection|xss|auth|secret|owasp|attack|exploit",
    "performance": r"perform|speed|latency|complexity|n\+1|memory leak|throughput|slow|optimi",
    "quality": r"quality|solid|maintain|readab|error handling|coverage|clean|style|lint|test",
}


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was answered."""

    name: str
    arguments: dict[str, Any]
    text: str


def answered(request: ModelRequest) -> list[Done]:
    """Give every call that has its result, in order."""
    results = {one.tool_call_id: one.content for one in request.messages if one.role == "tool"}
    return [
        Done(call.name, call.arguments, results[call.id])
        for call in _calls(request)
        if call.id in results
    ]


def roles_of(request: ModelRequest) -> tuple[Role, ...]:
    """Say what the agent cares about: by its name, else by its instructions, else everything."""
    named = tuple(role for role, words in _WORDS.items() if re.search(words, request.agent.lower()))
    if named:
        return named
    told = " ".join(one.content for one in request.messages if one.role == "system").lower()
    counts = {role: len(re.findall(words, told)) for role, words in _WORDS.items()}
    most = max(counts.values())
    return tuple(role for role, count in counts.items() if count == most)


def prompt_of(request: ModelRequest) -> str:
    """Give what the agent was asked: the last user message that names options, else the last."""
    asked = [one.content for one in request.messages if one.role == "user"]
    voting = [text for text in asked if "verdict (" in text]
    return (voting or asked or [""])[-1]


def _calls(request: ModelRequest) -> Iterator[ToolCall]:
    for message in request.messages:
        if message.role == "assistant":
            yield from message.tool_calls
