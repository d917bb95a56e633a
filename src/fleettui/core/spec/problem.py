"""A thing wrong in a file: as a rule finds it, and at its exact place."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Severity = Literal["error", "warning"]
Loc = tuple[str | int, ...]


class Fault(NamedTuple):
    """What a rule finds in a document before its place is known.

    `loc` are the keys and indexes from the top, `at` which token of it is wrong; `other` is
    another place whose line stands for `{line}` in the message.
    """

    loc: Loc
    message: str
    severity: Severity = "error"
    at: Literal["value", "key"] = "value"
    other: Loc | None = None


class Problem(msgspec.Struct, frozen=True, order=True):
    """What is wrong in `file` at `line` and `column` (from 1).

    `path` is like `spec.agents[0].name`; `message` says what and why, then the mend.
    """

    file: str
    line: int
    column: int
    severity: Severity
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {where}{self.message}"


def path_text(loc: Loc) -> str:
    """Write keys and indexes as `spec.agents[0].name`."""
    most = 16
    if len(loc) > most:
        return f"{path_text(loc[:most])}..."
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")
