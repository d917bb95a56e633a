"""Commands about the budgets of a tenant."""

from __future__ import annotations

from fleettui.core.commands.tenants import TenantCommand


class NoteSpending(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Look whether budgets are nearly spent, or spent."""


class RaiseBudget(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Allow a budget's own amount once more in its period; `version` is the question's."""

    item: str
    version: int


class KeepBudget(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Leave a budget as it is: the tenant waits until the period ends."""

    item: str
    version: int
    reason: str = ""
