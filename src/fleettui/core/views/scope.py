"""Scope: a board narrowed to one tenant, and which fleet of it is shown first."""

from __future__ import annotations

from msgspec.structs import replace

from fleettui.core.views.rows import Board, UsageRow

_NOTHING_USED = UsageRow(0, 0, None)


def scoped(board: Board, tenant: str) -> Board:
    """Leave out of a board what is not of a tenant; an empty name leaves it as it is."""
    if not tenant:
        return board
    narrowed = replace(
        board,
        fleets=tuple(row for row in board.fleets if row.tenant == tenant),
        tenants=tuple(row for row in board.tenants if row.name == tenant),
        inbox=tuple(row for row in board.inbox if row.tenant == tenant),
        flows=tuple(row for row in board.flows if row.tenant == tenant),
        requests=tuple(row for row in board.requests if row.tenant == tenant),
    )
    if any(row.id == board.fleet for row in narrowed.fleets):
        return narrowed
    return replace(
        narrowed, fleet="", agents=(), runs=(), messages=(), ballots=(), alerts=(),
        usage=_NOTHING_USED, default_task="",
    )  # fmt: skip


def first_fleet(board: Board, tenant: str) -> str:
    """Name the fleet of a tenant to look at: that needs somebody, runs, or was opened last."""
    fleets = [row for row in board.fleets if row.tenant == tenant]
    if not fleets:
        return ""
    last = list(reversed(fleets))
    return min(last, key=lambda row: (not row.needs, row.state == "stopped", not row.running)).id
