"""Rules about the budgets of a tenant: when there is a warning, when a person is asked."""

from __future__ import annotations

from typing import Final

from fleettui.core.commands.budgets import KeepBudget, NoteSpending, RaiseBudget
from fleettui.core.decide.outcome import Outcome, only_people
from fleettui.core.errors import NotFound, Stale
from fleettui.core.events import AnyEvent
from fleettui.core.events.budgets import BudgetKept, BudgetRaised, BudgetReached, BudgetWarned
from fleettui.core.model import Asked
from fleettui.core.state.tenant import Budget, TenantState

# The share of a budget from which on there is a warning.
WARNED_AT: Final = 0.8


def note_spending(state: TenantState, _command: NoteSpending, asked: Asked) -> Outcome:
    """Warn once near the end of a budget, and ask once when it is spent."""
    events: list[AnyEvent] = []
    for budget in state.budgets(asked.at):
        period, most = budget.period, budget.most
        spent = asked.standing.spent(period.first, period.last)
        if spent >= most and budget.state.asked != most:
            events.append(BudgetReached(budget.kind, period.name, spent, most))
        elif WARNED_AT * most <= spent < most and budget.state.warned != most:
            events.append(BudgetWarned(budget.kind, period.name, spent, most))
    return Outcome(events)


def raise_budget(state: TenantState, command: RaiseBudget, asked: Asked) -> Outcome:
    by = only_people(asked, "raise a budget")
    budget = _asking(state, command.item, command.version, asked)
    return Outcome((BudgetRaised(budget.kind, budget.period.name, budget.limit, by),))


def keep_budget(state: TenantState, command: KeepBudget, asked: Asked) -> Outcome:
    by = only_people(asked, "answer for a budget")
    budget = _asking(state, command.item, command.version, asked)
    return Outcome((BudgetKept(budget.kind, budget.period.name, by, command.reason),))


def _asking(state: TenantState, item: str, version: int, asked: Asked) -> Budget:
    """Give the budget that a question is about; raises NotFound, or Stale for another question."""
    found = next((one for one in state.budgets(asked.at) if state.item_of(one) == item), None)
    if found is None:
        raise NotFound(f"there is no action '{item}'")
    if not found.asks or found.state.times != version:
        raise Stale(f"{item} was answered already, or is another question now", "look at it again")
    return found
