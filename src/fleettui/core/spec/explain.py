"""What pydantic finds, in the words of whoever writes the file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc

_WANTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
# Where an unknown field is an error even if it resembles none: a slip there would fail open.
STRICT_PARTS: Final = frozenset({"approval", "policy", "limits", "tool_config", "rate_limits"})

# Words of other tools' files for ours.
_MEANT: Final = {"ref": "config", "prompt": "instructions", "llm": "model", "count": "replicas"}


def describe(value: object) -> str:
    """Name a value found in a file: `the number 1.1`, `a list`."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {_short(value)}" if value else "empty text"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case None:
            return "nothing"
    return "something else"


def fault_of(error: ErrorDetails, fields: Sequence[str] = ()) -> Fault:
    """Turn one of pydantic's errors into ours; `fields` are the known ones beside an unknown."""
    loc: Loc = tuple(error["loc"])
    kind, found, limits = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(loc, tuple(fields))
    if kind == "missing":
        name = loc[-1] if len(loc) > 3 else ".".join(str(part) for part in loc)
        return Fault(loc, f"missing '{name}'")
    if kind in _WANTED:
        quote = "; quote it" if kind == "string_type" and isinstance(found, (int, float)) else ""
        return Fault(loc, f"expected {_WANTED[kind]}, found {describe(found)}{quote}")
    if kind == "literal_error":
        return _choice(loc, found, str(limits.get("expected", "")))
    return Fault(loc, _bound(kind, loc, found, limits) or error["msg"])


def _bound(kind: str, loc: Loc, found: object, limits: Mapping[str, Any]) -> str:
    match kind:
        case "greater_than_equal":
            return f"must be {limits['ge']:g} or more, found {found}"
        case "greater_than":
            return f"must be more than {limits['gt']:g}, found {found}"
        case "less_than_equal" if loc[-1] == "replicas":
            return f"{found} is more than the limit of {limits['le']} agents"
        case "less_than_equal":
            return f"must be {limits['le']:g} or less, found {found}"
        case "finite_number":
            name = "infinite" if isinstance(found, float) and math.isinf(found) else "not a number"
            return f"must be a finite number, found one that is {name}"
        case "too_short" if isinstance(found, str):
            return "must not be empty"
        case "too_short":
            return f"needs at least {limits['min_length']} items"
        case "string_too_short":
            return "must not be empty"
    return ""


def _choice(loc: Loc, found: object, expected: str) -> Fault:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]
    *most, last = words
    listed = f"{', '.join(most)} or {last}" if most else last
    near = closest(found, words) if isinstance(found, str) else None
    guess = f", did you mean '{near}'?" if near else ""
    return Fault(loc, f"{loc[-1]} must be {listed}, found {describe(found)}{guess}")


def _unknown(loc: Loc, known: tuple[str, ...]) -> Fault:
    name = str(loc[-1])
    near = _MEANT.get(name) if _MEANT.get(name) in known else closest(name, known)
    if near:
        return Fault(loc, f"unknown field '{name}', did you mean '{near}'?", "error", "key")
    if not STRICT_PARTS.isdisjoint(loc[:-1]):
        listed = ", ".join(known)
        return Fault(loc, f"unknown field '{name}', known are {listed}", "error", "key")
    message = f"unknown field '{name}' is ignored, name it 'x-{name}' to keep it as a note"
    return Fault(loc, message, "warning", "key")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
