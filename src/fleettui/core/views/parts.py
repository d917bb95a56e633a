"""Rows about the parts of a run: stages, tiers, items, sub-tasks, steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice

from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.parts import EDITABLE, OVER
from fleettui.core.state.roster import seated, tier_of
from fleettui.core.views.rows import PartRow

# How much of a text a row has; the whole is in the log and in the report.
_HEAD = 200


def part_rows(run: RunState) -> tuple[PartRow, ...]:
    """Give every part of a run in the order it was planned; what may be changed has its text whole.

    Whoever changes one step sends the others back as they were.
    """
    return tuple(
        _part_row(run, part, whole=part.status == "waiting" and part.kind in EDITABLE)
        for part in run.parts.values()
    )


def shown_parts(run: RunState, most: int) -> tuple[PartRow, ...]:
    """Give the parts worth a look, in their order: all, or of many those that go on or failed.

    What is left room for is filled with the next that wait, then with the last that ended.
    """
    parts = list(run.parts.values())
    if len(parts) > most:
        coming = (part for part in parts if part.status == "waiting")
        ended = (part for part in reversed(parts) if part.status in OVER)
        rest = (part.id for part in chain(coming, ended))
        chosen = set(islice(dict.fromkeys(chain(run.going, run.failed, rest)), most))
        parts = [part for part in parts if part.id in chosen]
    return tuple(_part_row(run, part) for part in parts)


def coming_parts(state: FleetState, run: RunState) -> tuple[PartRow, ...]:
    """Give who sits in the tiers that are still to open; they are planned when they do."""
    if run.mode != "tiered" or run.status != "running":
        return ()
    open_tier = max((part.planned.group for part in run.parts.values()), default=0)
    later = [(tier_of(state, name), name) for name in seated(state, run)]
    return tuple(
        PartRow(
            f"{run.id}/later/{name}", run.id, name, "answer", tier, "waiting", name, (), "", 0, 0.0,
            None, "", "", "",
        )
        for tier, name in sorted(later, key=lambda one: one[0])
        if tier > open_tier
    )  # fmt: skip


def part_counts(run: RunState) -> dict[str, int]:
    """Count the parts of a run by their state."""
    return dict(Counter(part.status for part in run.parts.values()))


def _part_row(run: RunState, part: PartState, *, whole: bool = False) -> PartRow:
    planned = part.planned
    return PartRow(
        part.id, run.id, part.name, part.kind, planned.group, part.status,
        part.agent or planned.agent, _names(run, planned.given or planned.needs), planned.parent,
        part.tries, part.started, part.finished, part.why,
        planned.text.head if whole else planned.text.head[:_HEAD],
        part.output.head[:_HEAD],
    )  # fmt: skip


def _names(run: RunState, ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(run.parts[name].name for name in ids if name in run.parts)
