"""How events change what is known of a tenant's budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core.events.budgets import (
    BudgetKept,
    BudgetKind,
    BudgetRaised,
    BudgetReached,
    BudgetWarned,
)
from fleettui.core.state.tenant import BudgetState, TenantState


def _of(state: TenantState, kind: BudgetKind, period: str) -> BudgetState:
    """Give a budget's state; that of an earlier period makes room."""
    found = state.spending.get(kind)
    if found is None or found.period != period:
        found = state.spending[kind] = BudgetState(period)
    return found


def _warned(state: TenantState, event: BudgetWarned, _at: float) -> None:
    _of(state, event.kind, event.period).warned = event.most


def _reached(state: TenantState, event: BudgetReached, at: float) -> None:
    budget = _of(state, event.kind, event.period)
    budget.asked, budget.asked_at, budget.kept_by = event.most, at, ""
    budget.times += 1


def _raised(state: TenantState, event: BudgetRaised, _at: float) -> None:
    _of(state, event.kind, event.period).raised += event.amount


def _kept(state: TenantState, event: BudgetKept, _at: float) -> None:
    _of(state, event.kind, event.period).kept_by = event.by


STEPS: dict[type, Callable[[TenantState, Any, float], None]] = {
    BudgetWarned: _warned,
    BudgetReached: _reached,
    BudgetRaised: _raised,
    BudgetKept: _kept,
}
