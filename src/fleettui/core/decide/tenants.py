"""Rules about a tenant as a whole."""

from __future__ import annotations

from fleettui.core.commands.tenants import (
    AdmitTenant,
    HoldAll,
    HoldTenant,
    ReleaseAll,
    ReleaseTenant,
    RetireTenant,
)
from fleettui.core.decide.outcome import NOTHING, Outcome, no_agent
from fleettui.core.errors import Refused, Stale
from fleettui.core.events.tenants import (
    AllHeld,
    AllReleased,
    TenantAdmitted,
    TenantHeld,
    TenantReleased,
    TenantRetired,
)
from fleettui.core.model import Asked
from fleettui.core.spec.tenant import TenantSpec
from fleettui.core.state.tenant import TenantState
from fleettui.core.tenancy import DEFAULT


def admit_tenant(state: TenantState, command: AdmitTenant, asked: Asked) -> Outcome:
    """Take a tenant as its file says; one that is the same already changes nothing."""
    no_agent(asked, "admit a tenant")
    spec = TenantSpec.model_validate(command.spec)
    same = (state.spec, state.file) == (spec, command.file)
    if state.name and same and not state.retired:
        return NOTHING
    return Outcome((TenantAdmitted(command.tenant, command.spec, command.file),), command.tenant)


def retire_tenant(state: TenantState, _command: RetireTenant, asked: Asked) -> Outcome:
    no_agent(asked, "retire a tenant")
    if state.name == DEFAULT:
        raise Refused("the tenant default is always there", "give it a file of its own instead")
    return NOTHING if state.retired else Outcome((TenantRetired(),))


def hold_tenant(state: TenantState, _command: HoldTenant, asked: Asked) -> Outcome:
    by = no_agent(asked, "hold a tenant")
    return NOTHING if state.held_by else Outcome((TenantHeld(by),))


def release_tenant(state: TenantState, _command: ReleaseTenant, asked: Asked) -> Outcome:
    by = no_agent(asked, "release a tenant")
    if not state.held_by:
        raise Stale(f"{state.name} is not held")
    return Outcome((TenantReleased(by),))


def hold_all(state: TenantState, _command: HoldAll, asked: Asked) -> Outcome:
    by = no_agent(asked, "hold everything")
    _refuse_part(state)
    return NOTHING if state.all_held_by else Outcome((AllHeld(by),))


def release_all(state: TenantState, _command: ReleaseAll, asked: Asked) -> Outcome:
    by = no_agent(asked, "release everything")
    _refuse_part(state)
    if not state.all_held_by:
        raise Stale("nothing is held")
    return Outcome((AllReleased(by),))


def _refuse_part(state: TenantState) -> None:
    if state.name != DEFAULT:
        raise Refused(f"{state.name} is not the whole host", "hold or release the tenant")
