"""An item of the inbox as a person must see it before answering: the whole stored action."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from fleettui.core.foreign import is_foreign
from fleettui.core.tenancy import short_id
from fleettui.core.views.rows import InboxRow, ShownAction
from fleettui.tui.blocks import Block, labelled
from fleettui.tui.parts import Part, Tone

# Before every line that an agent wrote, so that none can look like ours.
_GUTTER: Final = (Part("| ", "accent"),)
_DIFF_TONES: Final[Mapping[str, Tone]] = {"+": "done", "-": "fail", "@": "accent"}
_DIGEST_SHOWN: Final = 12
_RISKS: Final = {"network": "NET", "destructive": "DESTROYS"}


def item_blocks(row: InboxRow) -> list[Block]:
    """Draw an item whole; nothing of it is cut, and every invisible character is shown."""
    blocks = list(_what(row))
    if row.action is not None:
        blocks += _action(row.action)
    blocks += _about(row)
    return blocks


def _what(row: InboxRow) -> Iterator[Block]:
    match row.kind:
        case "action":
            who = row.agent or "the fleet"
            tool = row.action.tool if row.action else "an action"
            yield Block(f"{who} of {row.tenant}/{short_id(row.fleet)} wants: {tool}", "bold")
        case "unknown":
            yield Block(f"{row.agent or 'the fleet'} was doing this when its process ended", "bold")
            again = "lets the agent do it again" if _is_foreign(row) else "runs it again"
            yield Block(f"nobody knows whether it was done: a {again}, d leaves it", "need")
        case "failed":
            yield Block(f"{row.agent} was given up: a starts it again, d leaves it failed", "bold")
            yield Block(row.summary, gutter=_GUTTER)
        case "budget":
            yield Block(row.summary, "bold")
        case "ballot":
            yield Block("the agents did not decide: o does", "bold")
            yield Block(row.summary, gutter=_GUTTER)
            for option in row.options:
                yield Block(option, "accent", (Part("- ", "dim"),))


def _action(action: ShownAction) -> Iterator[Block]:
    if action.argv:
        yield Block(action.program or action.argv[0], "bold", gutter=_GUTTER)
        for number, argument in enumerate(action.argv[1:], 1):
            yield Block(shown_argument(argument), lead=(Part(f"{number:>2} ", "dim"),),
                        gutter=_GUTTER)  # fmt: skip
    for name, value in action.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield Block(f"{name} = {shown_argument(text)}", gutter=_GUTTER)
    if action.preview:
        yield from _preview(action.preview)
    if action.cwd:
        yield labelled("cwd", action.cwd)
    if action.env:
        yield labelled("env", " ".join(action.env))
    if action.sandbox:
        yield labelled("box", "confined to the workspace, without network", "done")


def _preview(text: str) -> Iterator[Block]:
    """Draw a diff with its marks apart and in its tones; any other preview as it stands."""
    lines = text.split("\n")
    if len(lines) < 3 or not (lines[0].startswith("--- ") and lines[1].startswith("+++ ")):
        yield Block(text, gutter=_GUTTER)
        return
    for title in lines[:2]:
        yield Block(title, "bold", gutter=_GUTTER)
    for line in lines[2:]:
        mark, rest = line[:1], line[1:]
        tone = _DIFF_TONES.get(mark, "plain")
        if mark == "@":
            yield Block(line, tone, gutter=_GUTTER)
            continue
        yield Block(rest, tone, (Part(f"{mark} " if mark.strip() else "  ", tone),), _GUTTER)


def shown_argument(text: str) -> str:
    r"""Give an argument so that its ends and newlines can be seen: `'a '`, `one\n` and `two`."""
    marked = text.replace("\n", "\\n\n")
    if not text or text != text.strip() or "\n" in text:
        return f"'{marked}'"
    return marked


def _about(row: InboxRow) -> Iterator[Block]:
    if row.why and row.kind not in {"ballot", "failed"}:
        yield Block(row.why, "dim", (Part("why   ", "dim"),))
    if row.rule:
        yield labelled("rule", row.rule, "dim")
    if row.action is not None:
        risks = " ".join(_RISKS.get(risk, risk.upper()) for risk in row.action.risks) or "none"
        tone: Tone = "fail" if row.destructive else "need"
        yield labelled("risk", f"{risks}  sha {row.action.digest[:_DIGEST_SHOWN]} frozen", tone)
    if row.always:
        yield labelled("A", f"would save: {row.always}", "dim")
    if row.chain:
        yield labelled("chain", row.chain, "need")
    if row.needs > 1 or row.approved_by or row.approvers:
        yield labelled("needs", _approvals(row), "need")
    if row.requester:
        yield labelled("not", f"{row.requester}, who gave the task", "dim")


def _approvals(row: InboxRow) -> str:
    words = f"{row.needs} more to approve"
    if row.approvers:
        words += f", of {', '.join(row.approvers)}"
    return f"{words}; {', '.join(row.approved_by)} did" if row.approved_by else words


def answers_of(row: InboxRow) -> str:
    """Say in one line which keys answer an item."""
    match row.kind:
        case "ballot":
            return "o decide   enter full view"
        case "failed":
            return "a start it again   d leave it failed   enter full view"
        case "budget":
            return "a allow as much again   d leave it   enter full view"
        case "unknown":
            return "a run again   d leave it   enter full view"
        case "action":
            allow = "a then ! allow" if row.destructive else "a allow"
            edit = "" if _is_foreign(row) else " e edit"
            return f"{allow} A always d deny D why{edit}"


def _is_foreign(row: InboxRow) -> bool:
    return row.action is not None and is_foreign(row.action.tool)
