"""The tool that changes texts inside a file, exactly, and only in the content that was shown."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import Place, confine
from fleettui.adapters.tools.write import LARGEST, old_content, put_in_place, writing_facts
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolResult, Workplace

_EDIT_FIELDS: Final[dict[str, Any]] = {
    "old": {
        "type": "string",
        "minLength": 1,
        "description": "The text there is, exactly, with its indentation and line ends.",
    },
    "new": {"type": "string", "description": "What stands there afterwards."},
    "all": {"type": "boolean", "description": "Replace every occurrence; default only one."},
}
EDIT_FILE = spec(
    "edit_file",
    "Replace exact text in a file: `old`, which must occur exactly once unless `all` is true, "
    "becomes `new`. Give `edits` for several changes of one file, made in order, all or none.",
    ("path",),
    path={"type": "string", "minLength": 1, "description": "Relative to the workspace."},
    **_EDIT_FIELDS,
    edits={
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "properties": _EDIT_FIELDS,
            "required": ["old", "new"],
            "additionalProperties": False,
        },
    },
)


class Edit(NamedTuple):
    """One exact replacement."""

    old: str
    new: str
    every: bool


async def _freeze(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    path, edits = confine(place.workspace, arguments["path"]), edits_of(arguments)
    return await asyncio.to_thread(_frozen, arguments, path, edits)


def _frozen(arguments: Arguments, path: Place, edits: tuple[Edit, ...]) -> Facts:
    before, after = _edited(path, edits)
    return writing_facts("edit_file", "edit", arguments, path, before, after)


async def _edit(facts: Facts, place: Workplace, _around: Surroundings) -> ToolResult:
    path = confine(place.workspace, facts.arguments["path"])
    return await asyncio.to_thread(_done, facts, path)


def _done(facts: Facts, path: Place) -> ToolResult:
    _, after = _edited(path, edits_of(facts.arguments))
    return put_in_place(path, after.encode(errors="replace"), facts.operands[0])


def edits_of(arguments: Arguments) -> tuple[Edit, ...]:
    """Give the replacements of a call, in order; raises ToolFailed where there is none."""
    single, several = "old" in arguments or "new" in arguments, arguments.get("edits")
    if single == bool(several):
        wrong = "has both old/new and edits" if single else "has neither old and new nor edits"
        raise ToolFailed(f"edit_file {wrong}", "give one of them")
    given = several or [arguments]
    if any("old" not in one or "new" not in one for one in given):
        raise ToolFailed("edit_file: old and new go together", "give both; new may be empty")
    return tuple(Edit(one["old"], one["new"], bool(one.get("all"))) for one in given)


def _edited(path: Place, edits: tuple[Edit, ...]) -> tuple[bytes, str]:
    body = old_content(path)
    if body is None:
        raise ToolFailed(f"{path.name} does not exist", "make it with write_file")
    if len(body) > LARGEST:
        raise ToolFailed(f"{path.name} is larger than {LARGEST:,} bytes", "split the file")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise ToolFailed(f"{path.name} is not UTF-8 text", "change it with a program") from None
    for number, edit in enumerate(edits, 1):
        which = f"edit {number}: " if len(edits) > 1 else ""
        text = _replaced(text, edit, f"{which}{path.name}")
    if len(text) > LARGEST:
        raise ToolFailed(f"{path.name} would be larger than {LARGEST:,} bytes", "split the file")
    return body, text


def _replaced(text: str, edit: Edit, where: str) -> str:
    old, new = edit.old, edit.new
    if old not in text and "\r\n" in text and "\r" not in old:
        # Tools show lines without the ends that this file has.
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    count = text.count(old)
    if not count:
        raise ToolFailed(f"{where} has no such text{_near(text, old)}", "read it again")
    if count > 1 and not edit.every:
        lines = ", ".join(map(str, _places(text, old)))
        raise ToolFailed(
            f"{where} has this text {count:,} times (line {lines})",
            "give more of the text around it, or all: true",
        )
    if old == new:
        raise ToolFailed(f"{where}: old and new are the same", "say what is to change")
    return text.replace(old, new)


def _near(text: str, old: str) -> str:
    """Say where the text stands but for blanks at the ends of its first line."""
    first = next((line.strip() for line in old.split("\n") if line.strip()), "")
    if not first:
        return ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() == first:
            return f", but line {number} is alike: compare the blanks and the lines after it"
    return ""


def _places(text: str, old: str, most: int = 5) -> list[int]:
    lines: list[int] = []
    at = -1
    while len(lines) < most and (at := text.find(old, at + 1)) >= 0:
        lines.append(text.count("\n", 0, at) + 1)
    return lines


TOOLS = (Tool(EDIT_FILE, _freeze, _edit),)
