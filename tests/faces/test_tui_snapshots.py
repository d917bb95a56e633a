"""What the cockpit looks like, at its three widths; look at the SVGs before accepting a change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from boards import EMPTY, board
from cockpits import NARROW, NOWHERE, TABBED, WIDE, SetClock, client_of
from textual.pilot import Pilot

from fleettui.tui.app import CockpitApp

SIZES = pytest.mark.parametrize("size", [WIDE, TABBED, NARROW], ids=["wide", "tabbed", "narrow"])


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """Keep the local time zone out of the pictures."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def app_of(shown, theme_colors="truecolor"):
    client = client_of(shown)
    return CockpitApp(
        client, fleet=client.board.fleet, colors=theme_colors, config=NOWHERE, clock=SetClock()
    )


def after(*keys: str):
    """Give what runs before a picture: wait for the board, then press keys."""

    async def prepare(pilot: Pilot) -> None:
        app = pilot.app
        reads = app.screen_stack[0].client.reads
        while not reads:
            await pilot.pause()
        # The detail is read after the board, where it is shown at all.
        for _ in range(20):
            await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        # Ages go on with the machine's clock: hold them at the board's.
        screen = app.screen_stack[0]
        screen._tick.pause()
        screen.take_board(screen.whole)
        screen.show_all()
        await pilot.pause()

    return prepare


@SIZES
def test_a_fleet_at_work(snap_compare, size):
    """Agents, runs, ballots, queue and inbox side by side, or in tabs."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after())


@SIZES
def test_the_inbox_in_front(snap_compare, size):
    """The highlighted item is drawn whole below the rows."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after("6"))


@SIZES
def test_an_item_on_the_whole_screen(snap_compare, size):
    """One argument a line, in a gutter."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after("6", "enter"))


@SIZES
def test_rolling_back(snap_compare, size):
    """Checkpoints at the left, what will change and what cannot be undone at the right."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after("r"))


@SIZES
def test_no_fleet(snap_compare, size):
    """Empty panes say what to press."""
    assert snap_compare(app_of(EMPTY), terminal_size=size, run_before=after())


def test_every_key(snap_compare):
    """The help is one screen."""
    assert snap_compare(app_of(board()), terminal_size=TABBED, run_before=after("question_mark"))


def test_leaving(snap_compare):
    """Detach is the default."""
    assert snap_compare(app_of(board()), terminal_size=TABBED, run_before=after("q"))


def test_the_terminals_own_colours(snap_compare):
    """Sixteen colours, where COLORTERM is absent."""
    assert snap_compare(app_of(board(), "ansi"), terminal_size=WIDE, run_before=after())


@SIZES
def test_forking(snap_compare, size):
    """The same checkpoints, to begin a new agent at one."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after("f"))


@SIZES
def test_merging(snap_compare, size):
    """What an agent changed, before it goes into a branch."""
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after("M"))


@SIZES
def test_what_an_agent_changed(snap_compare, size):
    """The diff of its worktree in the detail."""
    keys = ("0", "right_square_bracket", "plus")
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after(*keys))


@SIZES
def test_the_checkpoints_of_an_agent(snap_compare, size):
    """With the files, entries and cost that came since."""
    keys = ("0", *["right_square_bracket"] * 3, "plus")
    assert snap_compare(app_of(board()), terminal_size=size, run_before=after(*keys))
