"""The tools that speak to the fleet itself: described and checked here, done by the engine."""

from __future__ import annotations

from typing import Final

from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.errors import ToolFailed
from fleettui.core.model import PRIORITIES, Facts, ToolResult, Workplace

_SEVERITIES: Final = ["critical", "high", "medium", "low", "info"]

SUBMIT_RESULT = spec(
    "submit_result",
    "Cast your vote and end your turn. Call it once, when you are done.",
    ("verdict", "confidence", "reason"),
    verdict={
        "type": "string",
        "minLength": 1,
        "description": "One of the options named in the task, such as approve or reject.",
    },
    confidence={"type": "number", "minimum": 0, "maximum": 1, "description": "From 0 to 1."},
    reason={"type": "string", "minLength": 1, "description": "Why, in one or two sentences."},
    findings={
        "type": "array",
        "description": "What you found, each with its place.",
        "items": {
            "type": "object",
            "properties": {
                "file": {"type": "string"},
                "line": {"type": "integer", "minimum": 0},
                "severity": {"type": "string", "enum": _SEVERITIES},
                "message": {"type": "string", "minLength": 1},
                "rule": {"type": "string"},
            },
            "required": ["file", "line", "severity", "message"],
            "additionalProperties": False,
        },
    },
    output={"type": "string", "description": "Your section of the report, in Markdown."},
)
SEND_MESSAGE = spec(
    "send_message",
    "Send a message to another agent of the fleet.",
    ("to", "text"),
    to={"type": "string", "minLength": 1, "description": "The agent's name."},
    text={"type": "string", "minLength": 1},
    priority={"type": "string", "enum": list(PRIORITIES), "description": "Default normal."},
)


async def _freeze_submit(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
    return Facts("submit_result", arguments, risks=("read",))


async def _freeze_send(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
    return Facts("send_message", arguments, risks=("read",))


async def _perform(facts: Facts, _place: Workplace, _around: Surroundings) -> ToolResult:
    raise ToolFailed(f"{facts.tool} is performed by the engine", "send the call to the engine")


TOOLS = (
    Tool(SUBMIT_RESULT, _freeze_submit, _perform),
    Tool(SEND_MESSAGE, _freeze_send, _perform),
)
