"""The replies of models that work by rules: calls of tools, or words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fleettui.core.model import ModelReply, ModelRequest, ToolCall, Usage

Wanted = tuple[str, dict[str, Any]]


class RuleModel:
    """A model that is none: its next step follows from the conversation alone, by rules."""

    def __init__(self, next_step: Callable[[ModelRequest], ModelReply]) -> None:
        self._next_step = next_step

    async def complete(
        self, request: ModelRequest, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """Give the next step: tool calls, or an answer."""
        reply = await asyncio.to_thread(self._next_step, request)
        if on_text is not None and reply.content:
            on_text(reply.content)
        return reply


def calling(content: str, calls: Sequence[Wanted]) -> ModelReply:
    """Call tools."""
    named = tuple(
        ToolCall(f"rule-{number}", name, arguments)
        for number, (name, arguments) in enumerate(calls, 1)
    )
    return ModelReply(content, named, Usage(cost=0.0), "tool_calls")


def saying(content: str) -> ModelReply:
    """Answer in words, and say that rules wrote them."""
    return ModelReply(content, (), Usage(cost=0.0), "stop")


def tools_of(request: ModelRequest) -> set[str]:
    return {tool.name for tool in request.tools}


def handed_to(request: ModelRequest) -> dict[str, str]:
    """Give what was handed to an agent: the sections of its prompt by their title."""
    asked = [one.content for one in request.messages if one.role == "user"]
    found: dict[str, str] = {}
    title = ""
    for line in (asked or [""])[-1].split("\n"):
        if line.startswith("## "):
            title = line[3:].strip()
            found[title] = ""
        elif title:
            found[title] += line + "\n"
    return {name: text.strip() for name, text in found.items()}
