"""Terms: what each tenant may have at once right now, from its file and what holds it."""

from __future__ import annotations

from fleettui.core.events import Recorded
from fleettui.core.events.tenants import (
    AllHeld,
    AllReleased,
    TenantAdmitted,
    TenantHeld,
    TenantReleased,
    TenantRetired,
)
from fleettui.core.fair import Terms
from fleettui.core.tenancy import DEFAULT
from fleettui.engine.dispatch import Dispatch
from fleettui.engine.engine import Engine

# Stands behind "held by".
_GONE = "its missing file"
# What changes terms; a tenant's stream has much else in it, and looking again is not for nothing.
_CHANGES = (TenantAdmitted, TenantRetired, TenantHeld, TenantReleased, AllHeld, AllReleased)


def terms_of(engine: Engine, tenant: str) -> Terms:
    """Give what a tenant may have: its plan, its bound of turns, and what stops it."""
    state, host = engine.tenant(tenant), engine.tenant(DEFAULT)
    held = host.all_held_by or state.held_by or (_GONE if state.retired else "")
    used_up = engine.standing(tenant).used_up(engine.clock.now())
    return Terms(state.spec.plan, state.spec.quotas.concurrent_turns or 0, held, used_up=used_up)


class TermsWatch:
    """Lets the dispatch look again whenever something happened to a tenant as a whole."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def on_event(self, recorded: Recorded) -> None:
        if isinstance(recorded.event, _CHANGES):
            self._dispatch.refresh()

    def catch_up(self) -> None:
        self._dispatch.refresh()
