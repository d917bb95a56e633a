"""The language of OpenAI's chat completions, as so many servers speak it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fleettui.adapters.models.answer import Answer
from fleettui.adapters.models.failure import from_error_object, no_answer
from fleettui.adapters.models.frames import Ask
from fleettui.core.model import ChatMessage, ToolSpec

# Reasoning models refuse a temperature and call the bound on tokens differently.
_REASONS = re.compile(r"(?:.*/)?(?:o[1-9](?:-|$)|gpt-5)")


def address(base: str) -> str:
    """Give the address to post to."""
    return f"{base.removesuffix('/chat/completions')}/chat/completions"


def headers(key: str) -> dict[str, str]:
    """Give the headers that say who asks."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def body(ask: Ask) -> dict[str, Any]:
    """Write a request."""
    written: dict[str, Any] = {
        "model": ask.route.model,
        "messages": [message_of(message) for message in ask.messages],
    }
    if ask.tools:
        written["tools"] = [tool_of(tool) for tool in ask.tools]
    reasons = _REASONS.match(ask.route.model) is not None
    if ask.temperature is not None and not reasons:
        written["temperature"] = ask.temperature
    if ask.max_tokens is not None:
        written["max_completion_tokens" if reasons else "max_tokens"] = ask.max_tokens
    if ask.stream:
        written |= {"stream": True, "stream_options": {"include_usage": True}}
    return written


def message_of(message: ChatMessage) -> dict[str, Any]:
    """Write one message of the conversation."""
    written: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        written["content"] = message.content or None
        written["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        written["tool_call_id"] = message.tool_call_id
    return written


def tool_of(tool: ToolSpec) -> dict[str, Any]:
    """Write one tool."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
        },
    }


def read_event(answer: Answer, event: Mapping[str, Any]) -> str:
    """Take one event of a stream and give the text that came with it."""
    _refuse_error(answer, event)
    _read_usage(answer, event.get("usage"))
    text = ""
    for choice in event.get("choices") or ():
        text += _read_piece(answer, choice.get("delta") or {})
        answer.finish = str(choice.get("finish_reason") or "") or answer.finish
        break
    return text


def read_whole(answer: Answer, whole: Mapping[str, Any]) -> None:
    """Take an answer that came in one piece."""
    _refuse_error(answer, whole)
    choices = whole.get("choices")
    if not choices:
        raise no_answer(answer.route, "it holds no choices")
    _read_usage(answer, whole.get("usage"))
    _read_piece(answer, choices[0].get("message") or {})
    answer.finish = str(choices[0].get("finish_reason") or "")


def _refuse_error(answer: Answer, event: Mapping[str, Any]) -> None:
    if event.get("error"):
        raise from_error_object(answer.route, event["error"])


def _read_piece(answer: Answer, piece: Mapping[str, Any]) -> str:
    for place, call in enumerate(piece.get("tool_calls") or ()):
        function = call.get("function") or {}
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments)
        index = call.get("index")
        answer.add_call(
            place if index is None else int(index),
            str(call.get("id") or ""),
            str(function.get("name") or ""),
            str(arguments or ""),
        )
    content = piece.get("content") or piece.get("refusal") or ""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content)
    return answer.add_text(str(content))


def _read_usage(answer: Answer, usage: Mapping[str, Any] | None) -> None:
    if not usage:
        return
    answer.sent = int(usage.get("prompt_tokens") or 0)
    answer.answered = int(usage.get("completion_tokens") or 0)
    details = usage.get("prompt_tokens_details") or {}
    answer.cached = int(details.get("cached_tokens") or 0)
