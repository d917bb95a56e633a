"""The parts of a run as text: groups, or the layers of a graph, with what each part came to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from fleettui.core.views.rows import PartRow
from fleettui.tui.blocks import Block
from fleettui.tui.parts import Part, Tone
from fleettui.tui.words import part_sign

GROUPS: Final = {"tiered": "tier", "deep": "iteration"}
_SHOWN: Final = 160
_ITEM: Final = re.compile(r"^(?:Item \d+ of \d+: )?(?:[-*] )?")
_VOTE: Final = re.compile(r"^VOTE: ")


def bare_item(text: str) -> str:
    """Give what an item or a step is, on one line, without its number: the row has that."""
    return " ".join(_ITEM.sub("", text).split())


def bare_answer(text: str) -> str:
    """Give what a part brought, on one line."""
    return " ".join(_VOTE.sub("", text).split())


def nested(rows: Sequence[PartRow]) -> list[PartRow]:
    """Put the items of a step behind it; everything else keeps its place."""
    names = {row.id for row in rows}
    below: dict[str, list[PartRow]] = {}
    for row in rows:
        if row.parent in names:
            below.setdefault(row.parent, []).append(row)
    return [
        each for row in rows if row.parent not in names for each in (row, *below.get(row.id, ()))
    ]


def part_blocks(rows: Sequence[PartRow], mode: str) -> list[Block]:
    """Draw every part under its tier, iteration or layer: state, who, what it waits for, why."""
    if not rows:
        return [Block("the run has no parts yet", "dim")]
    blocks: list[Block] = []
    layers = _layers(rows) if mode == "workflow" else {}
    heading = ""
    for row in sorted(rows, key=lambda one: layers.get(one.id, 0)):
        title = _title(row, mode, layers)
        if title != heading:
            heading = title
            blocks.append(Block(title, "accent"))
        blocks += _part(row)
    return blocks


def _title(row: PartRow, mode: str, layers: dict[str, int]) -> str:
    if mode == "workflow":
        return f"layer {layers[row.id] + 1}"
    if mode in GROUPS:
        return f"{GROUPS[mode]} {row.group}" if row.group else "end"
    return "parts"


def _layers(rows: Sequence[PartRow]) -> dict[str, int]:
    """Give each part the length of the longest way to it; a file has no circles."""
    depth: dict[str, int] = {}
    by_name = {row.name: row for row in rows}
    for row in rows:
        waiting = [row]
        while waiting:
            one = waiting[-1]
            needs = [by_name[name] for name in one.needs if name in by_name]
            open_needs = [need for need in needs if need.id not in depth]
            if open_needs and len(waiting) <= len(rows):
                waiting += open_needs
                continue
            waiting.pop()
            depth[one.id] = 1 + max((depth.get(need.id, 0) for need in needs), default=-1)
    return depth


def _part(row: PartRow) -> Iterator[Block]:
    sign = part_sign(row)
    who = f"  {row.agent}" if row.agent and row.agent != row.name else ""
    needs = f"  <- {', '.join(row.needs)}" if row.needs else ""
    again = f"  try {row.tries}" if row.tries > 1 else ""
    lead = (Part(f"{sign.glyph} {sign.word:<5} ", sign.tone),)
    yield Block(f"{row.name}{who}{needs}{again}", "bold", lead)
    why: Tone = "fail" if row.state == "failed" else "dim"
    told: tuple[tuple[str, Tone], ...] = ((row.text, "plain"), (row.why, why), (row.output, "dim"))
    for text, tone in told:
        first = " ".join(text.split())[:_SHOWN]
        if first:
            yield Block(first, tone, (Part("        "),))
