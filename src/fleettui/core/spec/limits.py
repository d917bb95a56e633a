"""Limits of an agent's programs, as a file writes them: bytes, cores, and a time."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from fleettui.core.model import Limits
from fleettui.core.spec.shape import Shape, seconds

_SIZE: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[kKMGT]?i?)[bB]?\Z")
_UNITS: Final = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "ki": 1 << 10, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}  # fmt: skip
# Below this no interpreter starts; above, no machine of today.
_LEAST, _MOST = 8 << 20, 1 << 50
_CORES: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<milli>m?)\Z")


def size(value: object) -> object:
    """Read `2GB`, `512MiB` or bytes as bytes; anything else is refused."""
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is not None and match["unit"] in _UNITS:
        value = int(float(match["number"]) * _UNITS[match["unit"]])
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError(
            "size", "{text} is no size; write bytes, or 512MB, 2GB or 1GiB", {"text": repr(value)}
        )
    if not _LEAST <= value <= _MOST:
        raise PydanticCustomError("size", "must be between 8MiB and 1024TiB")
    return value


def cores(value: object) -> object:
    """Read `2`, `"0.5"` or `500m` as cores; anything else is refused."""
    match = _CORES.match(value) if isinstance(value, str) else None
    if match is not None:
        value = float(match["number"]) / (1000 if match["milli"] else 1)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PydanticCustomError(
            "cores", "{text} is no number of cores; write 2, 0.5 or 500m", {"text": repr(value)}
        )
    if not 0 < value <= 4096:
        raise PydanticCustomError("cores", "must be more than 0 and at most 4096 cores")
    return float(value)


def milliseconds(value: object) -> object:
    """Read a plain number as milliseconds, and text as any other duration; gives seconds."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return seconds(value / 1000 if plain else value)  # type: ignore[operator]  # it is a number


Size = Annotated[int, BeforeValidator(size, json_schema_input_type=int | str)]
Cores = Annotated[float, BeforeValidator(cores, json_schema_input_type=float | str)]
# Written out with its unit, so that it reads the same again.
Milliseconds = Annotated[
    float,
    BeforeValidator(milliseconds, json_schema_input_type=float | str),
    PlainSerializer(lambda value: f"{value:.3f}".rstrip("0").rstrip(".") + "s", return_type=str),
]


class ResourceLimits(Shape):
    """What every program an agent starts may use at most."""

    memory: Size | None = Field(default=None, description="Memory, as `2GB`, `512MiB` or bytes.")
    cpu: Cores | None = Field(default=None, description="Cores, as `2`, `0.5` or `500m`.")
    timeout: Milliseconds | None = Field(
        default=None, description="Longest time, as `30m`; a plain number is in milliseconds."
    )

    def as_limits(self) -> Limits:
        """Give them as what programs are started with."""
        return Limits(self.memory or 0, self.cpu or 0.0, self.timeout or 0.0)
