"""The tools that speak to the fleet itself: described and checked here, done by the engine."""

from __future__ import annotations

from typing import Final

from fleettui.adapters.tools.tool import Arguments, Freeze, Surroundings, Tool, spec
from fleettui.core.errors import ToolFailed
from fleettui.core.model import PRIORITIES, Facts, Risk, ToolResult, Workplace

_SEVERITIES: Final = ["critical", "high", "medium", "low", "info"]

SUBMIT_RESULT = spec(
    "submit_result",
    "Cast your vote and end your turn. Call it once, when you are done.",
    ("verdict",),
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

DELEGATE = spec(
    "delegate",
    "Give a sub-task to a worker and wait for its result. Several calls in one reply work side by "
    "side. Name a worker, or a skill, or neither: then the fleet's distribution chooses.",
    ("task",),
    task={"type": "string", "minLength": 1, "description": "What is to be done, whole."},
    worker={"type": "string", "description": "The worker's name."},
    skill={"type": "string", "description": "What the worker must be good at."},
    priority={"type": "string", "enum": list(PRIORITIES), "description": "Default normal."},
)
SEND_BACK = spec(
    "send_back",
    "Send the work before you back, once, to be done again; then end your turn.",
    ("reason",),
    reason={"type": "string", "minLength": 1, "description": "What is wrong with it."},
)


_PRIORITY = {"type": "string", "enum": list(PRIORITIES), "description": "Default normal."}
_TEXT = {"type": "string", "minLength": 1}
BROADCAST = spec(
    "broadcast", "Send a message to every other agent of the fleet.", ("text",), text=_TEXT,
    priority=_PRIORITY,
)  # fmt: skip
PUBLISH = spec(
    "publish", "Send a message to every agent that subscribed to its topic.", ("topic", "text"),
    topic={**_TEXT, "description": "Words between dots, as in errors.disk."}, text=_TEXT,
    priority=_PRIORITY,
)  # fmt: skip
SUBSCRIBE = spec(
    "subscribe", "Get every message published to topics that fit from now on.", ("topic",),
    topic={**_TEXT, "description": "`*` stands for one part, a last `>` for the rest."},
)  # fmt: skip
ASK_AGENT = spec(
    "ask_agent", "Ask another agent and wait for its answer.", ("to", "question"),
    to={**_TEXT, "description": "The agent's name."}, question=_TEXT, priority=_PRIORITY,
)  # fmt: skip
APPROVAL = spec(
    "approval",
    "Ask a person a question, and go on only after a yes.",
    ("text",),
    text={"type": "string", "minLength": 1},
    approvers={"type": "array", "items": {"type": "string"}},
    require={"type": "integer", "minimum": 1},
)


def _freezer(name: str) -> Freeze:
    """Make the freeze of a tool that only speaks to the fleet: nothing in the world changes."""

    async def freeze(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
        risks: tuple[Risk, ...] = ("read",) if name != "approval" else ()
        return Facts(name, arguments, risks=risks)

    return freeze


async def _perform(facts: Facts, _place: Workplace, _around: Surroundings) -> ToolResult:
    raise ToolFailed(f"{facts.tool} is performed by the engine", "send the call to the engine")


TOOLS = tuple(
    Tool(each, _freezer(each.name), _perform)
    for each in (
        SUBMIT_RESULT,
        SEND_MESSAGE,
        DELEGATE,
        SEND_BACK,
        APPROVAL,
        BROADCAST,
        PUBLISH,
        SUBSCRIBE,
        ASK_AGENT,
    )
)
