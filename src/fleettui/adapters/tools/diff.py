"""The diff between what a file holds and what it would hold: exact, and bounded in time."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_CONTEXT: Final = 3
# Lines of one side that are compared one by one; comparing takes time with their square.
_MOST_COMPARED: Final = 3_000
_NO_NEWLINE: Final = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class Diff:
    """A unified diff of one file, and how many lines it adds and takes away."""

    text: str
    added: int
    deleted: int

    def __str__(self) -> str:
        return f"+{self.added} -{self.deleted}"


def diff_of(name: str, before: str | None, after: str) -> Diff:
    r"""Give the diff of a file; `before` of None is a file that does not exist yet.

    Lines end at `\n` alone: what else ends a line somewhere stays in it, to be seen.
    """
    old, new = _lines(before or ""), _lines(after)
    head = len(_common(old, new))
    tail = len(_common(old[head:][::-1], new[head:][::-1]))
    hunks = list(_hunks(old, new, head, tail))
    body = [line for hunk in hunks for line in hunk]
    if not body:
        return Diff("" if before is not None else f"new empty file {name}", 0, 0)
    added = sum(line.startswith("+") for line in body)
    deleted = sum(line.startswith("-") for line in body)
    titles = ["--- /dev/null" if before is None else f"--- a/{name}", f"+++ b/{name}"]
    return Diff("\n".join([*titles, *body]), added, deleted)


def _hunks(old: Sequence[str], new: Sequence[str], head: int, tail: int) -> Iterator[Sequence[str]]:
    """Give the hunks; the equal beginning and end are left out of the comparison."""
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    if not left and not right:
        return
    if max(len(left), len(right)) > _MOST_COMPARED:
        changes = [("replace", 0, len(left), 0, len(right))]
    else:
        matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
        changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    for group in _grouped(changes):
        first, last = group[0], group[-1]
        start = max(head + first[1] - _CONTEXT, 0)
        end = min(head + last[2] + _CONTEXT, len(old))
        other = head + first[3] - (head + first[1] - start)
        other_end = head + last[4] + (end - head - last[2])
        yield [
            f"@@ -{_range(start, end)} +{_range(other, other_end)} @@",
            *_body(old, new, head, group, start, end),
        ]


def _grouped(changes: Sequence[tuple[str, int, int, int, int]]) -> list[
    list[tuple[str, int, int, int, int]]
]:  # fmt: skip
    groups: list[list[tuple[str, int, int, int, int]]] = []
    for change in changes:
        if groups and change[1] - groups[-1][-1][2] <= 2 * _CONTEXT:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _body(
    old: Sequence[str],
    new: Sequence[str],
    head: int,
    group: Sequence[tuple[str, int, int, int, int]],
    start: int,
    end: int,
) -> Iterator[str]:
    at = start
    for _, i1, i2, j1, j2 in group:
        yield from _marked(" ", old[at : head + i1])
        yield from _marked("-", old[head + i1 : head + i2])
        yield from _marked("+", new[head + j1 : head + j2])
        at = head + i2
    yield from _marked(" ", old[at:end])


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield _NO_NEWLINE


def _lines(text: str) -> list[str]:
    r"""Give lines with their `\n`; the last may lack it."""
    parts = text.split("\n")
    whole = [f"{part}\n" for part in parts[:-1]]
    return [*whole, parts[-1]] if parts[-1] else whole


def _common(left: Sequence[str], right: Sequence[str]) -> Sequence[str]:
    most = min(len(left), len(right))
    count = next((at for at in range(most) if left[at] != right[at]), most)
    return left[:count]


def _range(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1 if count else start},{count}" if count != 1 else f"{start + 1}"
