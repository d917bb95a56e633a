"""Reads the git_diff tool's text: which files changed, and the lines of their new side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

_HUNK: Final = re.compile(r"^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
WIDEST: Final = 1_000  # characters of a line that are looked at
_CUT: Final = re.compile(r"^\[cut: lines ([\d,]+) to ([\d,]+) of ([\d,]+);")
_STAT: Final = re.compile(r"^(.+) \| (?:\+(\d+) -(\d+)|(binary))(?: \((.+)\))?$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file's new side; `added` when the change brought it."""

    number: int
    text: str
    added: bool

    @property
    def indent(self) -> int:
        """How far it is indented, a tab counting four."""
        text = self.text.expandtabs(4)
        return len(text) - len(text.lstrip())


@dataclass(slots=True)
class FileDiff:
    """One changed file: its hunks, each the lines of the new side in order."""

    path: str
    new: bool = False
    hunks: list[list[Line]] = field(default_factory=list)

    @property
    def added(self) -> list[Line]:
        """The lines the change brought."""
        return [line for hunk in self.hunks for line in hunk if line.added]

    @property
    def kind(self) -> str:
        """The file's kind: its extension, or the name of one that has none."""
        name = self.path.rpartition("/")[2].lower()
        return name.rpartition(".")[2] if "." in name else name


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the stat: a file, its counts, and what the tool noted about it."""

    path: str
    added: int
    deleted: int
    binary: bool
    note: str

    @property
    def secret(self) -> bool:
        """Whether its name looks like a file of secrets."""
        return "looks secret" in self.note


def read_stat(text: str) -> list[Listed]:
    """Read the rows of `git_diff(stat=true)`."""
    found = (_STAT.match(line) for line in text.split("\n"))
    return [
        Listed(row[1], int(row[2] or 0), int(row[3] or 0), bool(row[4]), row[5] or "")
        for row in found
        if row
    ]


def cut_at(text: str) -> tuple[int, int, int] | None:
    """Give first, last and total lines of an answer that was cut, None of a whole one."""
    for line in text.split("\n"):
        if cut := _CUT.match(line):
            first, last, total = (int(number.replace(",", "")) for number in cut.groups())
            return first, last, total
    return None


def joined(pages: Iterable[tuple[int, str]]) -> tuple[list[str], bool]:
    """Join pages, each with the line it starts at, as far as they touch; say if that is all."""
    lines: list[str] = []
    whole = True
    for start, text in sorted(pages):
        body = _body(text)
        if start - 1 > len(lines):
            return lines, False
        lines[start - 1 :] = body if start - 1 + len(body) > len(lines) else lines[start - 1 :]
        cut = cut_at(text)
        whole = cut is None or cut[1] >= cut[2]
    return lines, whole


def read_diff(lines: Sequence[str]) -> list[FileDiff]:
    """Read a unified diff into files."""
    files: list[FileDiff] = []
    hunk: list[Line] = []
    number = old_left = new_left = 0
    for line in lines:
        if (old_left or new_left) and files and line[:1] in {" ", "+", "-", ""}:
            mark, text = line[:1] or " ", line[1:]
            if mark != "-":
                hunk.append(Line(number, text.rstrip("\r")[:WIDEST], mark == "+"))
                number, new_left = number + 1, new_left - 1
            old_left -= mark != "+"
        elif line.startswith("diff --git "):
            files.append(FileDiff(_named(line)))
        elif files and (head := _HUNK.match(line)):
            hunk = []
            files[-1].hunks.append(hunk)
            number, old_left = int(head[2]), int(head[1] or 1)
            new_left = int(head[3] or 1)
        elif files and line.startswith("new file"):
            files[-1].new = True
        elif files and line.startswith("+++ b/"):
            files[-1].path = line[6:].rstrip("\t")
    return files


def _body(text: str) -> list[str]:
    lines = text.split("\n")
    first = next((n for n, line in enumerate(lines) if not line.startswith("# ")), len(lines))
    last = next((n for n, line in enumerate(lines) if _CUT.match(line)), len(lines))
    return lines[first:last]


def _named(line: str) -> str:
    half = line[len("diff --git ") :]
    return half[len(half) // 2 + 1 :].removeprefix("b/").strip('"')
