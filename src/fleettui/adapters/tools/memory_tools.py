"""The tools of the shared memory: described and checked here, done by the engine."""

from __future__ import annotations

from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.memory import check_key, check_value
from fleettui.core.model import Facts, ToolResult, Workplace

REMEMBER = spec(
    "remember",
    "Keep a text under a key in the fleet's shared memory, in place of what was there. Every agent "
    "of the fleet can recall it, in later runs too.",
    ("key", "value"),
    key={"type": "string", "minLength": 1, "description": "A short name, such as db/schema."},
    value={"type": "string", "description": "What is to be remembered, at most 1 MiB."},
    ttl={"type": "integer", "minimum": 1, "description": "Seconds until it is forgotten."},
)
RECALL = spec(
    "recall",
    "Read the fleet's shared memory: the whole text under a key, or what is kept under keys with a "
    "prefix, or with all words of a query. With nothing given it lists everything.",
    key={"type": "string", "minLength": 1, "description": "The key of one entry."},
    prefix={"type": "string", "minLength": 1, "description": "How the keys begin."},
    query={"type": "string", "minLength": 1, "description": "Words in the key or the text."},
    start={"type": "integer", "minimum": 0, "description": "With a key: go on at this character."},
)
FORGET = spec(
    "forget",
    "Take an entry out of the fleet's shared memory.",
    ("key",),
    key={"type": "string", "minLength": 1, "description": "The key of the entry."},
)


async def _remembering(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
    _checked(arguments)
    return Facts("remember", arguments, risks=("write",))


async def _recalling(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
    if len({"key", "prefix", "query"} & set(arguments)) > 1:
        raise ToolFailed("recall takes one of key, prefix and query", "give one of them")
    if "start" in arguments and "key" not in arguments:
        raise ToolFailed("recall takes 'start' only with a key", "give the key of one entry")
    _checked(arguments)
    return Facts("recall", arguments, risks=("read",))


async def _forgetting(arguments: Arguments, _place: Workplace, _around: Surroundings) -> Facts:
    _checked(arguments)
    return Facts("forget", arguments, risks=("write",))


def _checked(arguments: Arguments) -> None:
    try:
        if "key" in arguments:
            check_key(arguments["key"])
        if "value" in arguments:
            check_value(arguments["value"])
    except Refused as refusal:
        raise ToolFailed(refusal.message, refusal.mend) from None


async def _perform(facts: Facts, _place: Workplace, _around: Surroundings) -> ToolResult:
    raise ToolFailed(f"{facts.tool} is performed by the engine", "send the call to the engine")


TOOLS = (
    Tool(REMEMBER, _remembering, _perform),
    Tool(RECALL, _recalling, _perform),
    Tool(FORGET, _forgetting, _perform),
)
