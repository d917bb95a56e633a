"""Checks arguments against the schema of a stranger: the plain parts of it, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list, tuple), "object": (dict,), "null": (type(None),),
}  # fmt: skip
_DEEPEST: Final = 16


def schema_problems(value: Any, schema: Any, at: str = "", depth: int = 0) -> Iterator[str]:
    """Name what does not fit; what a schema says beyond these words is left to the server."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    if not _is_a(value, schema.get("type")):
        wanted = schema["type"] if isinstance(schema["type"], str) else " or ".join(schema["type"])
        yield f"{at or 'the arguments'} must be of type {wanted}"
        return
    options = schema.get("enum")
    if isinstance(options, list) and value not in options:
        yield f"{at} must be one of {', '.join(map(str, options[:20]))}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _range(value, schema, at)
    if isinstance(value, dict):
        yield from _fields(value, schema, at, depth)
    if isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            yield from schema_problems(item, schema.get("items"), f"{at}[{number}]", depth + 1)


def _fields(
    value: Mapping[str, Any], schema: Mapping[str, Any], at: str, depth: int
) -> Iterator[str]:
    fields, required = schema.get("properties"), schema.get("required")
    fields = fields if isinstance(fields, Mapping) else {}
    for name in required if isinstance(required, Sequence) else ():
        if name not in value:
            yield f"{at}{'.' if at else ''}{name} is missing"
    for name, item in value.items():
        where = f"{at}.{name}" if at else str(name)
        if name in fields:
            yield from schema_problems(item, fields[name], where, depth + 1)
        elif schema.get("additionalProperties") is False and "patternProperties" not in schema:
            yield f"{where} is unknown, there are: {', '.join(map(str, fields)) or 'none'}"


def _range(value: float, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, (int, float)) and value < least:
        yield f"{at} must be at least {least}"
    if isinstance(most, (int, float)) and value > most:
        yield f"{at} must be at most {most}"


def _is_a(value: Any, kind: Any) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    if not isinstance(kinds, list) or not all(isinstance(one, str) for one in kinds):
        return True
    allowed = [one for name in kinds for one in _TYPES.get(name, (object,))]
    if isinstance(value, bool) and "boolean" not in kinds:
        return object in allowed
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return True
    return isinstance(value, tuple(allowed))
