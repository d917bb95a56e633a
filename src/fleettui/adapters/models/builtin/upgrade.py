"""builtin:upgrade: says what of one file is old Python, by ruff's rules."""

from __future__ import annotations

import re
from typing import Final

from fleettui.adapters.models.builtin.conversation import answered
from fleettui.adapters.models.builtin.reply import calling, saying, tools_of
from fleettui.core.model import ModelReply, ModelRequest

_ITEM: Final = re.compile(r"^Item \d+ of \d+: (?P<file>.+)")
_LINE: Final = re.compile(
    r"^[^:\n]+:(?P<line>\d+):\d+: (?P<rule>[\w-]+) (?P<text>.*)$", re.MULTILINE
)
_BROKEN: Final = frozenset({"invalid-syntax", "E999"})
_UNCHECKED: Final = "# not checked: "
# Old syntax, deprecated imports and calls.
RULES: Final = ("UP", "PTH")


def next_step(request: ModelRequest) -> ModelReply:
    """Lint the item's file, and list what is to be written anew."""
    asked = [one.content for one in request.messages if one.role == "user"]
    item = _ITEM.match((asked or [""])[-1])
    if item is None or "lint" not in tools_of(request):
        return saying("I need a file as item and the tool lint. builtin:upgrade works by rules.")
    lint = next((one for one in answered(request) if one.name == "lint"), None)
    if lint is None:
        return calling("", [("lint", {"paths": [item["file"]], "rules": list(RULES)})])
    return saying(f"{item['file']}: {_said(lint.text)}")


def _said(text: str) -> str:
    """Say what is old, or why that can't be said: silence must not pass for health."""
    if not text.startswith("# ruff"):
        return f"not checked: {text.splitlines()[0] if text else 'lint gave nothing'}"
    unchecked = next((line for line in text.split("\n") if line.startswith(_UNCHECKED)), "")
    if unchecked:
        return f"not checked: {unchecked.removeprefix(_UNCHECKED)}"
    found = list(_LINE.finditer(text))
    lines = [f"- line {match['line']}: {match['text']} ({match['rule']})" for match in found]
    if any(match["rule"] in _BROKEN for match in found):
        return "\n".join(["can't be read as Python 3, port it by hand first", *lines])
    return "\n".join([f"{len(found)} to change", *lines]) if found else "nothing to do"
