"""`handle_tenant`: one command of a tenant through its rule, and into its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core.commands import budgets as budget_commands
from fleettui.core.commands import tenants as commands
from fleettui.core.commands.tenants import TenantCommand
from fleettui.core.decide import budgets, tenants
from fleettui.core.decide.outcome import Outcome
from fleettui.core.decide.requests import REQUEST_RULES
from fleettui.core.decide.roles import refuse_role
from fleettui.core.errors import NotFound
from fleettui.core.events import AnyEvent
from fleettui.core.model import Asked
from fleettui.core.state.evolve_tenant import evolve_tenant
from fleettui.core.state.tenant import TenantState

Rule = Callable[[TenantState, Any, Asked], Outcome]


def handle_tenant(
    state: TenantState, command: TenantCommand, asked: Asked
) -> tuple[list[AnyEvent], str]:
    """Decide and change the state in place; raises an error of core.errors, changing nothing."""
    foreign = asked.actor.kind != "system" and asked.actor.tenant != command.tenant
    if foreign or (not state.name and type(command) is not commands.AdmitTenant):
        raise NotFound(f"no tenant is named '{command.tenant}'", "fleettui tenant ls names them")
    refuse_role(asked.actor, command)
    outcome = _RULES[type(command)](state, command, asked)
    for event in outcome.events:
        evolve_tenant(state, event, asked.at)
    return list(outcome.events), outcome.answer


_RULES: dict[type, Rule] = {
    commands.AdmitTenant: tenants.admit_tenant,
    commands.RetireTenant: tenants.retire_tenant,
    commands.HoldTenant: tenants.hold_tenant,
    commands.ReleaseTenant: tenants.release_tenant,
    commands.HoldAll: tenants.hold_all,
    commands.ReleaseAll: tenants.release_all,
    **REQUEST_RULES,
    budget_commands.NoteSpending: budgets.note_spending,
    budget_commands.RaiseBudget: budgets.raise_budget,
    budget_commands.KeepBudget: budgets.keep_budget,
}
