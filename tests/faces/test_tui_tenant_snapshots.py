"""What many tenants and their flows look like; look at the SVGs before accepting a change."""

from __future__ import annotations

import pytest
from cockpits import TABBED, WIDE
from msgspec.structs import replace
from tenant_boards import REQUESTS, THREE, flows_board, many_board, tenant, tenants_board
from test_tui_snapshots import after, app_of

from fleettui.core.views import queries
from fleettui.core.views.rows import QuotaRow

SIZES = pytest.mark.parametrize(
    "size", [WIDE, TABBED, (60, 20)], ids=["wide", "tabbed", "sixty"]
)  # fmt: skip
SPENDING = (QuotaRow("budgets.day", 8.4, 10.0, 0.84),)


def shown(board):
    app = app_of(board)
    app._outset.client.answers[queries.ReadRequests] = REQUESTS
    return app


@SIZES
def test_the_tenants_in_front(snap_compare, size):
    """Those that need somebody first, the fleets of the one shown, its budget below."""
    board = tenants_board(tenants=(replace(THREE[0], quotas=SPENDING), *THREE[1:]))
    assert snap_compare(shown(board), terminal_size=size, run_before=after("1"))


@SIZES
def test_scoped_to_one_tenant(snap_compare, size):
    """Everything is of that tenant, and the header says what needs me elsewhere."""
    board = flows_board()
    assert snap_compare(shown(board), terminal_size=size, run_before=after("1", "enter", "3"))


@SIZES
def test_everything_is_held(snap_compare, size):
    """A bar over all panes says so and by whom."""
    board = tenants_board(tenants=tuple(replace(row, all_held_by="bob") for row in THREE))
    assert snap_compare(shown(board), terminal_size=size, run_before=after())


@SIZES
def test_the_flows_in_front(snap_compare, size):
    """What is wrong, the newest run, the flows."""
    assert snap_compare(shown(flows_board()), terminal_size=size, run_before=after("2"))


@SIZES
def test_the_queue_with_requests(snap_compare, size):
    """Who asked, whom, and why it waits."""
    assert snap_compare(shown(flows_board()), terminal_size=size, run_before=after("4"))


def test_the_detail_of_a_flow(snap_compare):
    """What it takes, its agents, who asked what, and what came of it."""
    keys = ("2", "j", "j", "j", "j", "j", "enter", "plus")
    assert snap_compare(shown(flows_board()), terminal_size=TABBED, run_before=after(*keys))


def test_three_hundred_tenants(snap_compare):
    """The first screen of many."""
    assert snap_compare(shown(many_board(300)), terminal_size=WIDE, run_before=after("1"))


def test_a_question_before_everything_is_held(snap_compare):
    """What it does, and how it is undone."""
    board = tenants_board(tenants=(tenant("default"), *THREE))
    keys = ("exclamation_mark",)
    assert snap_compare(shown(board), terminal_size=TABBED, run_before=after(*keys))


def test_held_in_the_terminals_own_colours(snap_compare):
    """The bar is seen with sixteen colours too."""
    board = tenants_board(tenants=tuple(replace(row, all_held_by="bob") for row in THREE))
    assert snap_compare(app_of(board, "ansi"), terminal_size=WIDE, run_before=after())
