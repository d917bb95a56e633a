"""The language of Anthropic's Messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fleettui.adapters.models.answer import Answer
from fleettui.adapters.models.failure import from_error_object, no_answer
from fleettui.adapters.models.frames import Ask
from fleettui.core.model import ChatMessage, ToolSpec

VERSION = "2023-06-01"
# Anthropic wants a bound; the models before 3.5 refuse more than 4,096.
USUAL_TOKENS = 8_192
OLD_TOKENS = 4_096


def address(base: str) -> str:
    """Give the address to post to."""
    return f"{base.removesuffix('/messages').removesuffix('/v1')}/v1/messages"


def headers(key: str) -> dict[str, str]:
    """Give the headers that say who asks, and in which version of the language."""
    return {"x-api-key": key, "anthropic-version": VERSION}


def most_tokens(model: str) -> int:
    """Give the bound for a call that names none."""
    old = "claude-3-" in model and "claude-3-5" not in model and "claude-3-7" not in model
    return OLD_TOKENS if old or "claude-2" in model else USUAL_TOKENS


def body(ask: Ask) -> dict[str, Any]:
    """Write a request."""
    system = [one.content for one in ask.messages if one.role == "system" and one.content]
    written: dict[str, Any] = {
        "model": ask.route.model,
        "max_tokens": ask.max_tokens or most_tokens(ask.route.model),
        "messages": conversation(one for one in ask.messages if one.role != "system"),
    }
    if system:
        written["system"] = "\n\n".join(system)
    if ask.tools:
        written["tools"] = [tool_of(tool) for tool in ask.tools]
    if ask.temperature is not None:
        written["temperature"] = min(ask.temperature, 1.0)
    if ask.stream:
        written["stream"] = True
    return written


def tool_of(tool: ToolSpec) -> dict[str, Any]:
    """Write one tool."""
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": tool.parameters or {"type": "object", "properties": {}},
    }


def conversation(messages: Iterable[ChatMessage]) -> list[dict[str, Any]]:
    """Write the messages: roles must alternate and begin with the user, blocks may not be empty."""
    written: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if not written and role == "assistant":
            written.append({"role": "user", "content": [_text("(the conversation goes on)")]})
        if written and written[-1]["role"] == role:
            written[-1]["content"] += blocks
        else:
            written.append({"role": role, "content": blocks})
    return [one for one in written if one["content"]] or [
        {"role": "user", "content": [_text("(nothing was said)")]},
    ]


def _blocks(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id}
        return [{**result, "content": message.content or "(no output)"}]
    blocks = [_text(message.content)] if message.content.strip() else []
    for call in message.tool_calls:
        named = {"type": "tool_use", "id": call.id, "name": call.name}
        blocks.append({**named, "input": call.arguments})
    return blocks or [_text("(empty)")]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def read_event(answer: Answer, event: Mapping[str, Any]) -> str:
    """Take one event of a stream and give the text that came with it."""
    match event.get("type"):
        case "error":
            raise from_error_object(answer.route, event.get("error"))
        case "message_start":
            _read_usage(answer, (event.get("message") or {}).get("usage"))
        case "content_block_start":
            return _read_block(answer, int(event.get("index") or 0), event.get("content_block"))
        case "content_block_delta":
            return _read_delta(answer, int(event.get("index") or 0), event.get("delta") or {})
        case "message_delta":
            reason = (event.get("delta") or {}).get("stop_reason")
            answer.finish = str(reason or "") or answer.finish
            _read_usage(answer, event.get("usage"))
        case _:
            pass
    return ""


def read_whole(answer: Answer, whole: Mapping[str, Any]) -> None:
    """Take an answer that came in one piece."""
    if whole.get("type") == "error" or whole.get("error"):
        raise from_error_object(answer.route, whole.get("error"))
    if "content" not in whole:
        raise no_answer(answer.route, "it holds no content")
    for index, block in enumerate(whole["content"] or ()):
        _read_block(answer, index, block, whole=True)
    _read_usage(answer, whole.get("usage"))
    answer.finish = str(whole.get("stop_reason") or "")


def _read_block(
    answer: Answer,
    index: int,
    block: Mapping[str, Any] | None,
    *,
    whole: bool = False,
) -> str:
    block = block or {}
    if block.get("type") == "tool_use":
        given = block.get("input")
        arguments = json.dumps(given) if given or (whole and given is not None) else ""
        answer.add_call(index, str(block.get("id") or ""), str(block.get("name") or ""), arguments)
        return ""
    return answer.add_text(str(block.get("text") or "")) if block.get("type") == "text" else ""


def _read_delta(answer: Answer, index: int, delta: Mapping[str, Any]) -> str:
    match delta.get("type"):
        case "text_delta":
            return answer.add_text(str(delta.get("text") or ""))
        case "input_json_delta":
            answer.add_call(index, arguments=str(delta.get("partial_json") or ""))
        case _:
            pass
    return ""


def _read_usage(answer: Answer, usage: Mapping[str, Any] | None) -> None:
    if not usage:
        return
    cached = int(usage.get("cache_read_input_tokens") or 0)
    kept = int(usage.get("cache_creation_input_tokens") or 0)
    sent = int(usage.get("input_tokens") or 0) + cached + kept
    answer.sent, answer.cached = max(answer.sent, sent), max(answer.cached, cached)
    answer.answered = int(usage.get("output_tokens") or 0) or answer.answered
