"""What runs of every mode look like; look at the SVGs before accepting a change."""

from __future__ import annotations

from typing import Any

import pytest
from boards import NOW
from cockpits import TABBED, WIDE
from mode_boards import BOARDS, long_over, swarm
from msgspec.structs import replace
from test_tui_snapshots import after, app_of

from fleettui.core.views.rows import PartRow
from fleettui.tui.parts import plain, width_of
from fleettui.tui.plan_text import nested
from fleettui.tui.widgets.flows import WIDE as WIDE_ENOUGH
from fleettui.tui.widgets.flows import counts_words, part_line
from fleettui.tui.words import part_sign


def part(**fields: Any) -> PartRow:
    row = PartRow(
        "f/p1", "f/1", "step", "agent", 0, "waiting", "", (), "", 0, 0.0, None, "", "", ""
    )
    return replace(row, **fields)


@pytest.mark.parametrize("size", [WIDE, TABBED], ids=["wide", "tabbed"])
@pytest.mark.parametrize("mode", list(BOARDS))
def test_a_run_in_its_mode(snap_compare, mode, size):
    """The parts of the run are in pane 2."""
    shown = BOARDS[mode]()
    keys = ("2", "plus") if size == WIDE else ("2",)
    assert snap_compare(app_of(shown), terminal_size=size, run_before=after(*keys))


@pytest.mark.parametrize("mode", list(BOARDS))
def test_a_run_beside_the_other_panes(snap_compare, mode):
    """Pane 2 takes room when it is in front, and an open ballot stays in view."""
    assert snap_compare(app_of(BOARDS[mode]()), terminal_size=WIDE, run_before=after("2"))


def test_a_wide_terminal_gives_room_to_every_column(snap_compare):
    """From 160 columns on names and steps are whole."""
    shown = app_of(BOARDS["workflow"]())
    assert snap_compare(shown, terminal_size=(200, 50), run_before=after())


def test_tiers_that_are_still_to_open_are_shown():
    """Who waits for a tier stands under its number before it opens."""
    run = BOARDS["tiered"]().runs[0]
    shown = [(part.group, part.name, part.state) for part in run.parts]
    assert shown[-1] == (3, "lead", "waiting")
    assert shown[-2][:2] == (2, "analyst")


@pytest.mark.parametrize(
    ("fields", "glyph", "word"),
    [
        ({"kind": "approval", "state": "running"}, "!", "NEED"),
        ({"kind": "run", "state": "running"}, ">", "RUN"),
        ({"state": "done", "why": "failed, and the run goes on: exit 1"}, "x", "fail"),
        ({"state": "done"}, "v", "done"),
    ],
)
def test_a_parts_sign_says_what_it_means_for_a_person(fields, glyph, word):
    """An approval waits for somebody; a failure that is let go is no success."""
    sign = part_sign(part(**fields))
    assert (sign.glyph, sign.word) == (glyph, word)


def test_the_items_of_a_step_stand_behind_it():
    """Items are planned after every step, and drawn below theirs."""
    rows = [part(id="1"), part(id="2"), part(id="3", parent="1"), part(id="4", parent="gone")]
    assert [row.id for row in nested(rows)] == ["1", "3", "2", "4"]


@pytest.mark.parametrize("width", [20, 45, 80])
def test_a_row_says_why_something_waits_again(width):
    """A stage that was sent back says so where there is room, and keeps its width anywhere."""
    row = part(name="write", why="sent back by check: two facts are missing", tries=1)
    line = part_line(row, width, NOW, fine=True)
    assert width_of(line) == width
    assert ("sent back" in plain([line])) == (width >= WIDE_ENOUGH)


def test_an_item_is_told_by_its_text():
    """The number stands in the name, so the text is the item itself."""
    row = part(name="item 7", kind="item", agent="w-1", text="Item 7 of 90: - src/a b.py\nport it")
    assert plain([part_line(row, 80, NOW, fine=True)]).startswith(" . item 7 w-1 src/a b.py port")
    assert plain([part_line(row, 30, NOW, fine=True)]).startswith(" . 7 src/a b.py")


def test_counts_are_told_in_the_signs_of_the_rows():
    """What failed comes first."""
    counts = {"done": 6, "running": 2, "failed": 1, "skipped": 1, "waiting": 90}
    assert counts_words(counts) == "7/100 x1 >2 .90 -1"


def test_a_thousand_items_are_counted_and_bounded():
    """A board holds the parts worth a look, and the counts of all."""
    shown = swarm()
    run = shown.runs[0]
    assert len(run.parts) <= 60
    assert run.counts == {"done": 9, "running": 4, "waiting": 987}
    states = {part.state for part in run.parts}
    assert states == {"running", "waiting"}


def test_a_long_run_that_is_over_shows_what_ended_last():
    """A run of many parts is never empty, also when nothing waits any more."""
    run = long_over(70).runs[0]
    assert run.state == "finished"
    assert [part.name for part in run.parts] == [f"item {number}" for number in range(11, 71)]
