"""What happens to the budgets of a tenant; amounts are US dollars."""

from __future__ import annotations

from typing import Literal

from fleettui.core.events.root import Event

BudgetKind = Literal["day", "month"]


class BudgetWarned(Event, frozen=True, tag=True, omit_defaults=True):
    """Most of a budget is spent: `spent` of `most` in `period` (`2026-11-25`, `2026-11`)."""

    kind: BudgetKind
    period: str
    spent: float
    most: float


class BudgetReached(Event, frozen=True, tag=True, omit_defaults=True):
    """A budget is spent: nothing begins, and a person is asked."""

    kind: BudgetKind
    period: str
    spent: float
    most: float


class BudgetRaised(Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody allowed `amount` more in this period."""

    kind: BudgetKind
    period: str
    amount: float
    by: str


class BudgetKept(Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody said no: the tenant waits until the period ends."""

    kind: BudgetKind
    period: str
    by: str
    reason: str = ""
