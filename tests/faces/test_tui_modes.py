"""What runs of every mode look like; look at the SVGs before accepting a change."""

from __future__ import annotations

import pytest
from cockpits import TABBED, WIDE
from mode_boards import BOARDS, swarm
from test_tui_snapshots import after, app_of


@pytest.mark.parametrize("size", [WIDE, TABBED], ids=["wide", "tabbed"])
@pytest.mark.parametrize("mode", list(BOARDS))
def test_a_run_in_its_mode(snap_compare, mode, size):
    """The parts of the run are in pane 2."""
    shown = BOARDS[mode]()
    keys = ("2", "plus") if size == WIDE else ("2",)
    assert snap_compare(app_of(shown), terminal_size=size, run_before=after(*keys))


def test_a_thousand_items_are_counted_and_bounded():
    """A board holds the parts worth a look, and the counts of all."""
    shown = swarm()
    run = shown.runs[0]
    assert len(run.parts) <= 60
    assert run.counts == {"done": 9, "running": 4, "waiting": 987}
    states = {part.state for part in run.parts}
    assert states == {"running", "waiting"}
