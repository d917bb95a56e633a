"""An item of the inbox as text: the whole stored action, every line of it behind a gutter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from fleettui.core.views.rows import InboxRow, ShownAction

# Before every line that an agent wrote, so that none can look like ours.
_GUTTER: Final = "| "


def item_lines(row: InboxRow) -> Iterator[str]:
    """Give an item line by line, as it must be read before it is answered; nothing is cut."""
    yield f"{row.id}  {row.kind}  {row.agent or row.fleet}"
    if row.action is None:
        yield from _behind(row.summary)
    else:
        yield from _action(row.action)
    for label, text in (("why", row.why), ("rule", row.rule), ("always", row.always)):
        if text:
            yield f"{label:<7}{_single(text)}"
    if row.action is not None:
        yield f"risk   {' '.join(row.action.risks) or 'none'}"
        yield f"digest {row.action.digest}"
    if row.needs > 1 or row.approved_by:
        yield f"needs  {row.needs} more; approved by: {', '.join(row.approved_by) or 'nobody'}"


def _action(action: ShownAction) -> Iterator[str]:
    yield f"wants  {_single(action.tool)}"
    if action.argv:
        yield from _behind(action.program or action.argv[0])
        for number, argument in enumerate(action.argv[1:], 1):
            yield from _behind(f"{number:>2} {json.dumps(argument, ensure_ascii=False)}")
    for name, value in action.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield from _behind(f"{name} = {text}")
    if action.preview:
        yield from _behind(action.preview)
    if action.cwd:
        yield f"cwd    {_single(action.cwd)}"
    if action.env:
        yield f"env    {_single(' '.join(action.env))}"


def _behind(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield _GUTTER + line


def _single(text: str) -> str:
    return text.replace("\n", " ")
