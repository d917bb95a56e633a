"""What only several lines together show: work in loops, blocking in async code, long functions."""
# ruff: noqa: E501 - a message is one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from fleettui.adapters.models.builtin.diff import FileDiff, Line
from fleettui.adapters.models.builtin.rules import Role, Severity

LONG_FUNCTION: Final = 80
_LOOP: Final = re.compile(
    r"^\s*(?:async\s+)?for\s.+\sin\s(?!\s*[\[({][\"'\d]).+:\s*(?:#.*)?$|^\s*while\s.+:\s*(?:#.*)?$"
    r"|^\s*\}?\s*(?:for|while|foreach)\s*(?:await\s*)?\(|^\s*for\b[^(]*\{\s*$|\.each(?:_with_index)?\s+do\b"
    r"|\.(?:forEach|map|flatMap)\(\s*(?:async\b|function\b|\(?[\w,\s]*\)?\s*=>\s*\{)|^\s*for\s.+\sdo\s*$"
)
_OVER: Final = re.compile(r"\b(?:in|of|range)\s+(?:range\(len\()?([A-Za-z_][\w.]*)")
_QUERY: Final = re.compile(
    r"(?i:\b(?:select\s.+\sfrom|insert\s+into|delete\s+from|update\s.+\sset)\s)"
    r"|\.(?:execute|executemany|fetchone|fetchall|findOne|findById|findByPk|findUnique|findFirst|findMany|findAll|find_one|find_by|findOrCreate"
    r"|query|queryRow|QueryRow|QueryContext|executeQuery|prepareStatement)\("
    r"|\.objects\.(?:get|filter|all|create|exclude)\(|\b(?:db|session|repo|repository|em)\.(?:get|find\w*|query|Query|Exec|First|Find|Where|save)\("
    r"|\b\w*[Rr]epository\.\w+\(|\b[A-Z]\w*\.(?:find|where)\("
)
_EACH: Final = re.compile(r"\.(?:map|forEach|flatMap|each)\b.*(?:=>|\|\w+\|)")
_NETWORK: Final = re.compile(
    r"\b(?:requests|httpx|axios|urllib\.request)\.(?:get|post|put|delete|patch|request|urlopen)\("
    r"|\bawait\s+fetch\(|\bhttp\.(?:Get|Post)\(|\burlopen\("
)
_REGEX: Final = re.compile(
    r"\bre\.compile\(|\bnew RegExp\(|\bregexp\.(?:MustCompile|Compile)\(|\bPattern\.compile\(|\bRegexp\.new\("
)
_ASYNC: Final = re.compile(r"^\s*async\s+def\s|\basync\s+(?:function|\()|=\s*async\s")
_BLOCKING: Final = re.compile(
    r"(?<![\w.])time\.sleep\(|(?<!\w)requests\.(?:get|post|put|delete|patch|head)\(|\burlopen\("
    r"|\bsubprocess\.(?:run|call|check_\w+)\("
)
_FUNCTION: Final = re.compile(
    r"^\s*(?:async\s+)?def\s+(\w+)|^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(\w+)"
    r"|^func\s+(?:\([^)]*\)\s*)?(\w+)|^\s*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?fn\s+(\w+)"
    r"|^\s*(?:(?:public|private|protected|static|final|override|suspend|fun)\s+)+(?:[\w<>\[\],?]+\s+)*?(\w+)\s*\([^;=]*\)\s*(?:throws [\w, ]+)?\{\s*$"
)
_COMMENTED: Final = re.compile(
    r"^\s*(?:#|//)\s*(?:(?:if|for|while|elif|return|def|import|from|var|let|const|function)\b.*[:;{)]\s*$"
    r"|[\w.\[\]]+\s*(?:\+|-)?=\s*[^=\s].*[;)\]\w\"']$|[\w.]+\(.*\);?\s*$|[}\])];?\s*$)"
)
_SILENT: Final = re.compile(r"^\s*(?:pass|\.\.\.|continue)\s*(?:#.*)?$")
_CATCHES: Final = re.compile(r"^\s*except(?:\s+\(?(?:Base)?Exception\b.*)?:\s*$")
_EMPTY_CATCH: Final = re.compile(r"\bcatch\s*(?:\([^)]*\))?\s*\{\s*$")


class Seen(NamedTuple):
    """Something seen at a line."""

    line: int
    rule: str
    severity: Severity
    message: str


Look = Callable[[FileDiff], Iterator[Seen]]


def in_loops(file: FileDiff) -> Iterator[Seen]:
    """Find queries, requests, expressions and loops inside loops."""
    for hunk in file.hunks:
        for line, loops in _nested(hunk, _LOOP):
            if line.added and (loops or _each_queries(line.text)):
                yield from _looped(line, loops)


def _looped(line: Line, loops: Sequence[Line]) -> Iterator[Seen]:
    if _QUERY.search(line.text):
        yield Seen(
            line.number,
            "query-in-loop",
            "high",
            "a query for each item of the loop (N+1): fetch them in one query",
        )
    elif _NETWORK.search(line.text):
        yield Seen(
            line.number,
            "request-in-loop",
            "medium",
            "a request for each item of the loop: batch them, or send them together",
        )
    if _REGEX.search(line.text):
        yield Seen(
            line.number,
            "regex-in-loop",
            "medium",
            "an expression is compiled for each item: compile it once before the loop",
        )
    if re.match(r"^\s*defer\s", line.text):
        yield Seen(
            line.number,
            "defer-in-loop",
            "medium",
            "runs only when the function ends: close it inside the loop",
        )
    if not loops or not _LOOP.search(line.text):
        return
    over = [found[1] for loop in (*loops, line) if (found := _OVER.search(loop.text))]
    if len(loops) >= 2:
        yield Seen(
            line.number,
            "nested-loops",
            "medium",
            f"loops {len(loops) + 1} deep: the cost grows with the product",
        )
    elif len(over) != len(set(over)):
        yield Seen(
            line.number,
            "nested-loops",
            "medium",
            f"goes through {over[-1]} for each item of it: quadratic",
        )
    else:
        yield Seen(
            line.number, "nested-loops", "info", "a loop in a loop: the cost grows with the product"
        )


def _each_queries(text: str) -> bool:
    """Say whether one line goes through a collection and queries for each item."""
    each = _EACH.search(text)
    return each is not None and bool(_QUERY.search(text, each.start()))


def blocking_in_async(file: FileDiff) -> Iterator[Seen]:
    """Find calls that block the event loop."""
    for hunk in file.hunks:
        for line, inside in _nested(hunk, _ASYNC):
            if line.added and inside and _BLOCKING.search(line.text):
                yield Seen(
                    line.number,
                    "blocking-in-async",
                    "high",
                    "blocks the event loop: use the async variant or a thread",
                )


def long_functions(file: FileDiff) -> Iterator[Seen]:
    """Find functions that the change brought whole and that are long."""
    for hunk in file.hunks:
        for place, line in enumerate(hunk):
            named = _FUNCTION.match(line.text) if line.added else None
            if named is None:
                continue
            length = _length(hunk, place)
            if length > LONG_FUNCTION:
                name = next(group for group in named.groups() if group)
                yield Seen(
                    line.number, "long-function", "medium", f"{name} has {length} lines: split it"
                )


def silent_errors(file: FileDiff) -> Iterator[Seen]:
    """Find errors that are caught and thrown away."""
    for hunk in file.hunks:
        for line, following in pairwise(hunk):
            silent = _CATCHES.match(line.text) and _SILENT.match(following.text)
            empty = _EMPTY_CATCH.search(line.text) and re.match(r"^\s*\}", following.text)
            if (line.added or following.added) and (silent or empty):
                yield Seen(
                    line.number,
                    "silent-error",
                    "medium",
                    "an error is thrown away: treat it, or say why not",
                )


def commented_code(file: FileDiff) -> Iterator[Seen]:
    """Find blocks of code that were commented out instead of removed."""
    for hunk in file.hunks:
        run: list[Line] = []
        for line in (*hunk, Line(0, "", added=False)):
            if line.added and _COMMENTED.match(line.text):
                run.append(line)
                continue
            if len(run) >= 2:
                yield Seen(
                    run[0].number,
                    "commented-code",
                    "low",
                    f"{len(run)} lines of code are commented out: remove them",
                )
            run = []


LOOKS: Final[tuple[tuple[Role, Look], ...]] = (
    ("performance", in_loops),
    ("performance", blocking_in_async),
    ("quality", long_functions),
    ("quality", silent_errors),
    ("quality", commented_code),
)


def _nested(
    hunk: Sequence[Line], opens: re.Pattern[str]
) -> Iterator[tuple[Line, tuple[Line, ...]]]:
    """Give each line with the openers it stands inside of, by indentation."""
    stack: list[Line] = []
    for line in hunk:
        if not line.text.strip():
            continue
        while stack and line.indent <= stack[-1].indent:
            stack.pop()
        yield line, tuple(stack)
        if opens.search(line.text):
            stack.append(line)


def _length(hunk: Sequence[Line], place: int) -> int:
    top = hunk[place].indent
    last = place
    for number in range(place + 1, len(hunk)):
        text = hunk[number].text
        if text.strip() and hunk[number].indent <= top and not re.match(r"^\s*[)\]}]", text):
            break
        last = number if text.strip() else last
    return last - place + 1
