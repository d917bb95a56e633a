"""Spending: lets a tenant's work wait when a quota of the day or a budget is used up, and go on."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from fleettui.core.commands.budgets import NoteSpending
from fleettui.core.errors import FleettuiError
from fleettui.core.events import Recorded, StepTaken
from fleettui.core.events.budgets import BudgetReached, BudgetWarned
from fleettui.core.state.tenant import TenantState
from fleettui.core.tenancy import is_tenant_stream, tenant_of, tenant_of_stream
from fleettui.engine.dispatch import Dispatch
from fleettui.engine.engine import Engine

# How often (seconds) it is looked whether a day or month is over, while anything waits for that.
_LOOK: Final = 1.0
_log = logging.getLogger(__name__)


class Spending:
    """Looks at a tenant after each call of a model; nothing is stored but what is asked."""

    def __init__(self, engine: Engine, dispatch: Dispatch) -> None:
        self._engine, self._dispatch = engine, dispatch
        # Why each tenant waits.
        self._used_up: dict[str, str] = {}
        self._wake = asyncio.Event()

    async def on_event(self, recorded: Recorded) -> None:
        tenant = tenant_of_stream(recorded.stream)
        match recorded.event:
            case StepTaken():
                await self._look(self._engine.tenant(tenant_of(recorded.stream)))
            case BudgetWarned(kind=kind, spent=spent, most=most):
                text = (
                    "%s spent %.0f%% of its budget of the %s, $%.2f of $%.2f: spent whole, it waits"
                )
                _log.warning(text, tenant, 100 * spent / most, kind, spent, most)
            case BudgetReached(kind=kind, spent=spent, most=most):
                text = "%s spent $%.2f of $%.2f this %s: it waits for an approver"
                _log.warning(text, tenant, spent, most, kind)
            case _ if is_tenant_stream(recorded.stream):
                await self._look(self._engine.tenant(tenant))
            case _:
                pass

    async def catch_up(self) -> None:
        for tenant in list(self._engine.tenants()):
            await self._look(tenant)

    async def run(self) -> None:
        """Let those go on whose day or month is over, for ever."""
        while True:
            if not self._used_up:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(_LOOK)
            for name in list(self._used_up):
                await self._look(self._engine.tenant(name))

    async def _look(self, tenant: TenantState) -> None:
        """See whether a tenant may go on, and ask about its budgets where that is due."""
        now = self._engine.clock.now()
        why = self._engine.standing(tenant.name).used_up(now)
        if why != self._used_up.get(tenant.name, ""):
            if why:
                self._used_up[tenant.name] = why
                _log.warning("%s", why)
            else:
                del self._used_up[tenant.name]
                _log.warning("%s goes on", tenant.name)
            self._wake.set()
            self._dispatch.refresh()
        if tenant.spec.budgets.day is not None or tenant.spec.budgets.month is not None:
            try:
                await self._engine.send(NoteSpending(tenant.name))
            except FleettuiError as error:
                # It is looked at again after the next call, and when the host starts.
                _log.warning("budgets of %s: %s", tenant.name, error)
