"""A thing wrong in a file, at its exact place."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Problem(msgspec.Struct, frozen=True, order=True):
    """What is wrong in `file` at `line` and `column` (from 1); `path` is like
    `spec.agents[0].name`. `message` says what and why, then the mend.
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
