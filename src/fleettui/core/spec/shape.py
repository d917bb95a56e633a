"""What every part of a file has in common: strict types, no unknown fields, plain values."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

NAME_LIMIT: Final = 63
NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)\Z")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Shape(BaseModel):
    """A part of a file, frozen; numbers are never read from text, nor text from numbers."""

    # Built when first used: a program that starts pays only for the kinds it meets.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True
    )


def _name(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value:
        raise PydanticCustomError("name", "a name must not be empty")
    if len(value) > NAME_LIMIT:
        raise PydanticCustomError(
            "name",
            "name is {length} characters long, at most {limit} are allowed",
            {"length": len(value), "limit": NAME_LIMIT},
        )
    if not NAME.match(value):
        raise PydanticCustomError(
            "name", "name may use a-z, 0-9 and '-' only, and starts and ends with a letter or digit"
        )
    return value


def seconds(value: object) -> object:
    """Read `90`, `90s`, `15m` or `2h` as seconds; anything else is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise PydanticCustomError(
            "duration", "expected seconds (900) or a duration such as 90s, 15m or 2h"
        )
    if isinstance(value, str):
        match = _DURATION.match(value)
        if match is None:
            raise PydanticCustomError(
                "duration",
                "{text} is no duration; write seconds (900), or 90s, 15m or 2h",
                {"text": repr(value)},
            )
        value = float(match.group(1)) * _UNITS[match.group(2)]
    if value <= 0:
        raise PydanticCustomError("duration", "must be more than 0 seconds")
    return float(value)


Name = Annotated[str, BeforeValidator(_name, json_schema_input_type=str)]
Seconds = Annotated[float, BeforeValidator(seconds, json_schema_input_type=float | str)]
Items = Annotated[tuple[str, ...], Field(strict=False)]
Texts = dict[str, str]
Anything = dict[str, Any]
