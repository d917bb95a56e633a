"""Pane 1: the tenants with plan, turns, spend, holds and needs, and the chosen one's fleets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType

from fleettui.core.tenancy import short_id
from fleettui.core.views.rows import Board, FleetRow, QuotaRow, TenantRow
from fleettui.tui.amounts import money, tokens
from fleettui.tui.filters import fits
from fleettui.tui.keymap import bindings_of
from fleettui.tui.parts import Line, Part, Tone, bar, clip, fit, fit_right, spread, width_of
from fleettui.tui.widgets.line_bar import LineBar
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import Item, StripTable

_EMPTY: Final = "no fleet is open\nfleettui open FILE"
_NO_FIT: Final = "no tenant fits the filter: esc clears it"
# From these widths on a row has plan and turns, says who holds it, and has tokens too.
_TURNS_FROM, _HOLDER_FROM, _TOKENS_FROM, _ALONE_FROM = 34, 48, 56, 30
_HOLDER: Final = 14
_SPENT_FROM: Final = 36
# What bounds spending, and from which share on it is warned of.
_BUDGETS: Final = ("budgets.", "cost_per_day")
_WARN: Final = 0.8
_PLANS: Final = {"free": "free", "standard": "std", "enterprise": "ent"}


def tenant_line(row: TenantRow, width: int, *, alone: bool = True, opened: bool = True) -> Line:
    """Draw a tenant; one that is `alone` on its host has no plan and no bounds to compare."""
    needs = Part(f"{f' !{row.needs}' if row.needs else '':>4}", "need")
    right: list[Part] = []
    if not alone and width >= _TURNS_FROM:
        right.append(Part(f" {_PLANS[row.plan]:<4} {_turns(row):>6}", "dim"))
    if width < _HOLDER_FROM and _standing(row, 7):
        right.append(Part(f"{_standing(row, 7):>8}", "pause"))
    else:
        right.append(Part(f" {fit_right(money(row.cost), 7)}", "dim"))
    if width >= (_ALONE_FROM if alone else _TOKENS_FROM):
        right.append(Part(f" {fit_right(tokens(row.tokens), 5)}", "dim"))
    if not alone and width >= _HOLDER_FROM:
        right.append(Part(f" {fit(_standing(row, _HOLDER), _HOLDER)}", "pause"))
    right.append(needs)
    mark = Part("v " if opened else "> ", "dim")
    tone: Tone = "dim" if row.retired else "bold"
    room = max(width - width_of(tuple(right)) - 2, 4)
    return spread((mark, Part(fit(row.name, room), tone)), tuple(right), width)


def _held(row: TenantRow) -> str:
    return row.all_held_by or row.held_by


def _standing(row: TenantRow, width: int) -> str:
    if holder := _held(row):
        return fit(f"HELD by {holder}", width) if width > 8 else "HELD"
    return "GONE" if row.retired else "SPENT" if row.used_up else ""


def _turns(row: TenantRow) -> str:
    return f"{row.turns}t" if row.turns_quota is None else f"{row.turns}/{row.turns_quota}"


def fleet_line(row: FleetRow, width: int, *, shown: bool) -> Line:
    """Draw a fleet under its tenant, by its short name."""
    needs = f" !{row.needs}" if row.needs else ""
    stopped = row.state == "stopped"
    state = "STOP" if stopped else "RUN" if row.running else f"{row.agents} agt"
    tone: Tone = "idle" if stopped else "run" if row.running else "dim"
    mark = ">" if shown else " "
    name = fit(short_id(row.id), max(width - 15, 4))
    left = (Part(f"  {mark} ", "accent"), Part(name))
    return spread(left, (Part(f"{state:>6}", tone), Part(f"{needs:>4}", "need")), width)


def budget_line(row: QuotaRow, width: int) -> Line:
    """Draw how much of what it may spend a tenant spent: whose period, a bar, the share."""
    tone: Tone = "fail" if row.share >= 1.0 else "need" if row.share >= _WARN else "accent"
    about = "" if row.exact else ">"
    share = f" {about}{row.share:.0%}"
    spent = f" {money(row.used)}/{money(row.most)}" if width >= _SPENT_FROM else ""
    period = "month" if row.name.endswith("month") else "day"
    room = max(width - len(period) - len(share) - len(spent) - 1, 3)
    parts = (Part(f"{period} ", "dim"), Part(bar(row.share, room), tone), Part(share, tone))
    return clip((*parts, Part(spent, "dim")), width)


def _indented(row: QuotaRow, width: int) -> Line:
    """Draw a budget below the rows, whose first cell is the table's."""
    return (Part(" "), *budget_line(row, width - 2))


def fullest_budget(row: TenantRow) -> QuotaRow | None:
    """Give what bounds a tenant's spending and is used most; None where nothing does."""
    bounds = [one for one in row.quotas if one.name.startswith(_BUDGETS)]
    return max(bounds, key=lambda one: one.share, default=None)


def tenant_fields(row: TenantRow) -> dict[str, str]:
    """Name what a filter looks at; its fleets are looked at by themselves."""
    held = "held" if _held(row) else ""
    gone = "gone" if row.retired else "spent" if row.used_up else ""
    return {
        "tenant": row.name, "st": f"{row.attention} {held} {gone}", "plan": row.plan,
        "role": row.role, "by": _held(row),
    }  # fmt: skip


def fleet_fields(row: FleetRow) -> dict[str, str]:
    """Name what a filter looks at."""
    need = "need" if row.needs else ""
    return {
        "tenant": row.tenant, "fleet": short_id(row.id), "mode": row.mode,
        "st": f"{row.state} {'run' if row.running else ''} {need}",
    }  # fmt: skip


class TenantsPane(Pane):
    """The tenants of the host; enter on one scopes the cockpit to it, on a fleet shows that."""

    NUMBER, NAME, KIND = "1", "Tenants", "tenants"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("tenants")]

    def __init__(self) -> None:
        super().__init__()
        # The tenant that the cockpit is scoped to; empty for all.
        self.scope = ""
        self._rows: Mapping[str, TenantRow] = {}
        self._tenant_of: Mapping[str, str] = {}

    def compose(self) -> ComposeResult:
        yield StripTable(id="tenants-rows")
        yield LineBar(id="tenants-budget")

    @property
    def tenant_here(self) -> TenantRow | None:
        """Give the tenant under the cursor, or that of the fleet there."""
        return self._rows.get(self._tenant_of.get(self.table.cursor_key, ""))

    def fill(self, board: Board, now: float, *, fine: bool) -> None:  # noqa: ARG002 no ages here
        self._rows = {row.name: row for row in board.tenants}
        lines = list(self._lines(board)) if board.fleets or len(board.tenants) > 1 else []
        self._tenant_of = {item.key: tenant for tenant, item in lines}
        self.table.show([item for _, item in lines], _NO_FIT if self.terms else _EMPTY)
        count = len(board.tenants)
        self.label(f"only {self.scope}" if self.scope else "", str(count) if count > 1 else "")
        self.show_budget()

    def show_budget(self) -> None:
        """Draw the budget of the tenant under the cursor, where it has one."""
        row = self.tenant_here
        budget = fullest_budget(row) if row is not None else None
        line = self.query_one("#tenants-budget", LineBar)
        if line.display != (budget is not None):
            line.display = budget is not None
        if budget is not None:
            line.show(partial(_indented, budget))

    def _lines(self, board: Board) -> Iterator[tuple[str, Item]]:
        """Give every line with the tenant that it is of."""
        fleets: dict[str, list[FleetRow]] = {}
        for row in board.fleets:
            fleets.setdefault(row.tenant, []).append(row)
        alone = len(board.tenants) == 1
        shown = next((row.tenant for row in board.fleets if row.id == board.fleet), "")
        for tenant in board.tenants:
            opened = tenant.name == (self.scope or shown) or alone
            own = self._fitting(fleets.get(tenant.name, ()), opened=opened)
            if not own and self.terms and not fits(self.terms, tenant_fields(tenant)):
                continue
            paint = partial(tenant_line, tenant, alone=alone, opened=opened or bool(own))
            yield tenant.name, Item(f"tenant:{tenant.name}", paint)
            for fleet in own:
                here = fleet.id == board.fleet
                draw = partial(fleet_line, fleet, shown=here)
                yield tenant.name, Item(f"fleet:{fleet.id}", draw)

    def _fitting(self, fleets: Sequence[FleetRow], *, opened: bool) -> list[FleetRow]:
        """Give the fleets to show: those of an opened tenant, or all that fit a filter."""
        if self.terms:
            fleets = [row for row in fleets if fits(self.terms, fleet_fields(row))]
        elif not opened:
            return []
        return sorted(fleets, key=lambda row: (not row.needs, row.state == "stopped"))
