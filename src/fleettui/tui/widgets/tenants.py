"""Pane 1: the tenants and their fleets, with cost and needs."""

from __future__ import annotations

from functools import partial
from typing import Final

from fleettui.core.views.rows import Board, FleetRow, TenantRow
from fleettui.tui.amounts import money, tokens
from fleettui.tui.filters import fits
from fleettui.tui.parts import Line, Part, Tone, fit, fit_right, spread
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item

_EMPTY: Final = "no fleet is open\nfleettui open FILE"


def tenant_line(row: TenantRow, width: int) -> Line:
    """Draw a tenant: its name, cost and how much needs a person."""
    needs = f" !{row.needs}" if row.needs else ""
    spent = fit_right(money(row.cost) if width < 30 else _spent(row), 7)
    left = (Part("v ", "dim"), Part(fit(row.name, max(width - 14, 4)), "bold"))
    return spread(left, (Part(spent, "dim"), Part(f"{needs:>4}", "need")), width)


def _spent(row: TenantRow) -> str:
    return f"{money(row.cost)} {tokens(row.tokens)}"


def fleet_line(row: FleetRow, width: int, *, shown: bool) -> Line:
    """Draw a fleet under its tenant."""
    needs = f" !{row.needs}" if row.needs else ""
    stopped = row.state == "stopped"
    state = "STOP" if stopped else "RUN" if row.running else f"{row.agents} agt"
    tone: Tone = "idle" if stopped else "run" if row.running else "dim"
    mark = ">" if shown else " "
    left = (Part(f"  {mark} ", "accent"), Part(fit(row.id, max(width - 15, 4))))
    return spread(left, (Part(f"{state:>6}", tone), Part(f"{needs:>4}", "need")), width)


class TenantsPane(Pane):
    """The tenants of the host; enter on a fleet shows it."""

    NUMBER, NAME, KIND = "1", "Tenants", "tenants"

    def fill(self, board: Board, now: float, *, fine: bool) -> None:  # noqa: ARG002 no ages here
        items: list[Item] = []
        for tenant in board.tenants if board.fleets else ():
            items.append(Item(f"tenant:{tenant.name}", partial(tenant_line, tenant)))
            items += [
                Item(f"fleet:{fleet.id}", partial(fleet_line, fleet, shown=fleet.id == board.fleet))
                for fleet in board.fleets
                if fleet.tenant == tenant.name
                and fits(self.terms, {"fleet": fleet.id, "tenant": fleet.tenant, "st": fleet.state})
            ]
        self.table.show(items, _EMPTY)
        self.label("")
