"""Checks the arguments of a call against the tool's JSON Schema, in words a model can use."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from fleettui.core.errors import ToolFailed
from fleettui.core.model import ToolCall, ToolSpec

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def checked_arguments(call: ToolCall, spec: ToolSpec) -> dict[str, Any]:
    """Give the arguments without nulls, in the schema's order.

    Raises ToolFailed that names every wrong argument and what it must be.
    """
    if call.problem:
        raise ToolFailed(
            f"{call.name}: the arguments could not be read: {call.problem}",
            f"call it again with one JSON object of {_signature(spec)}",
        )
    given = {name: value for name, value in call.arguments.items() if value is not None}
    wrong = list(_problems(given, spec.parameters, ""))
    if wrong:
        raise ToolFailed(f"{call.name}: {'; '.join(wrong)}", f"it takes {_signature(spec)}")
    order = list(spec.parameters["properties"])
    return {name: given[name] for name in order if name in given}


def _problems(value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> list[str]:
    fields: Mapping[str, Any] = schema.get("properties", {})
    found = [
        f"{at}{name} is missing" for name in schema.get("required", ()) if value.get(name) is None
    ]
    for name, item in value.items():
        if name in fields:
            found += _mismatch(item, fields[name], f"{at}{name}")
        elif not schema.get("additionalProperties", True):
            near = get_close_matches(name, list(fields), 1)
            found.append(f"{at}{name} is unknown" + (f", did you mean {near[0]}?" if near else ""))
    return found


def _mismatch(value: Any, schema: Mapping[str, Any], at: str) -> list[str]:
    kind = schema.get("type", "")
    allowed = _TYPES.get(kind)
    if allowed and (not isinstance(value, allowed) or _bool_as_number(value, kind)):
        return [f"{at} must be of type {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at} must be one of {', '.join(map(str, schema['enum']))}"]
    if "minimum" in schema and value < schema["minimum"]:
        return [f"{at} must be at least {schema['minimum']}"]
    if "maximum" in schema and value > schema["maximum"]:
        return [f"{at} must be at most {schema['maximum']}"]
    if kind == "string" and len(value) < schema.get("minLength", 0):
        return [f"{at} must not be empty"]
    if kind == "array":
        if len(value) < schema.get("minItems", 0):
            return [f"{at} must not be empty"]
        items = enumerate(value, 1)
        return [p for n, item in items for p in _mismatch(item, schema["items"], f"{at}[{n}]")]
    if kind == "object":
        return _problems(value, schema, f"{at}.")
    return []


def _bool_as_number(value: Any, kind: str) -> bool:
    return isinstance(value, bool) and kind in {"integer", "number"}


def _signature(spec: ToolSpec) -> str:
    needed = spec.parameters["required"]
    names = [
        f"{name}{'' if name in needed else '?'}: {field.get('type', 'any')}"
        for name, field in spec.parameters["properties"].items()
    ]
    return f"({', '.join(names)})"
