"""What an agent reports, as lines for its log: tool calls, plans, diffs, output."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

LINE: Final = 300  # characters of a title, a reason
LOGGED: Final = 4_000  # characters of one entry of the log
KEPT: Final = 1_000_000  # characters of the output of one action
_MARKS: Final = {"completed": "x", "in_progress": ">"}


def one_line(text: str) -> str:
    """Give a text in one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LINE else f"{flat[:LINE]}..."


def cut(text: str, most: int = LOGGED) -> str:
    """Keep the beginning and the end of a long text, and say how much there is."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - most:,} of {len(text):,} characters left out ...]\n{text[-half:]}"  # noqa: E501


def content_text(content: Any) -> str:
    """Give a content block as text; what is no text is named."""
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("text"), str):
        return str(content["text"])
    resource = content.get("resource")
    if isinstance(resource, dict) and isinstance(resource.get("text"), str):
        return str(resource["text"])
    kind = content.get("type")
    named = content.get("uri") or content.get("name") or content.get("mimeType") or ""
    return f"[{kind} {named}]".replace(" ]", "]") if kind else ""


def diffs_of(content: Sequence[Any]) -> str:
    """Give the diffs among a tool call's content as unified diffs."""
    return "\n".join(
        _diff(one) for one in content if isinstance(one, dict) and one.get("type") == "diff"
    )


def _diff(change: dict[str, Any]) -> str:
    path = str(change.get("path") or "?")
    old, new = change.get("oldText"), change.get("newText")
    before = old if isinstance(old, str) else ""
    after = new if isinstance(new, str) else ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(),
        f"a/{path}" if isinstance(old, str) else "/dev/null", f"b/{path}", lineterm="",
    )  # fmt: skip
    return "\n".join(lines) or f"--- {path}\nonly line ends change"


def output_of(content: Sequence[Any], raw: Any) -> str:
    """Give what came of a tool call: its text and diffs, else its raw output."""
    parts = [part for part in map(_part, content) if part]
    if parts:
        return cut("\n".join(parts), KEPT)
    if isinstance(raw, str):
        return cut(raw, KEPT)
    if isinstance(raw, dict) and isinstance(raw.get("output"), str):
        return cut(str(raw["output"]), KEPT)
    return "" if raw in (None, {}, []) else cut(as_json(raw), KEPT)


def _part(one: Any) -> str:
    if not isinstance(one, dict):
        return ""
    if one.get("type") == "diff":
        return _diff(one)
    if one.get("type") == "terminal":
        return ""  # what was written there comes from the terminal itself
    return content_text(one.get("content")) or content_text(one)


def plan_text(entries: Any) -> str:
    """Give a plan as a list with its marks."""
    return cut("\n".join(["plan", *_steps(entries)]))


def _steps(entries: Any) -> Iterator[str]:
    for one in entries if isinstance(entries, list) else []:
        if isinstance(one, dict):
            mark = _MARKS.get(str(one.get("status")), " ")
            yield f"[{mark}] {one_line(str(one.get('content') or ''))}"


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
