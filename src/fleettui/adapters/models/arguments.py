"""A tool call as a provider sent it, read and checked."""

from __future__ import annotations

import json
from typing import Any

from fleettui.core.model import ToolCall

_SHOWN = 80


def tool_call(name: str, arguments: str, call_id: str = "", place: int = 0) -> ToolCall:
    """Make a ToolCall; arguments that are no JSON object leave a problem for the model to read.

    No arguments at all are an empty object: several providers send "" for a tool without any.
    """
    call_id = call_id or f"call_{place}"
    if not name:
        return ToolCall(call_id, "unnamed", {}, "the call names no tool")
    try:
        read = json.loads(arguments, parse_constant=_refuse) if arguments.strip() else {}
    except (ValueError, RecursionError) as error:
        start = arguments[:_SHOWN]
        return ToolCall(
            call_id,
            name,
            {},
            f"the arguments are not valid JSON ({error}); they begin {start!r}",
        )
    if not isinstance(read, dict):
        return ToolCall(call_id, name, {}, "the arguments are not a JSON object")
    return ToolCall(call_id, name, _whole(read))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _whole(arguments: dict[str, Any]) -> dict[str, Any]:
    """Replace lone surrogates, which no frame and no store could carry."""
    text = json.dumps(arguments, ensure_ascii=False)
    clean = text.encode("utf-8", "replace").decode()
    return arguments if clean == text else dict(json.loads(clean))
