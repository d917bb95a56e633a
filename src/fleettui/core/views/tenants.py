"""Rows of tenants: what each has, may use and is held by."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.model import Role
from fleettui.core.state.fleet import Bill, FleetState
from fleettui.core.state.tenant import TenantState
from fleettui.core.views.agents import cost_of
from fleettui.core.views.inbox import inbox_rows
from fleettui.core.views.rows import MemberRow, TenantDetail, TenantRow


def tenant_row(
    tenant: TenantState, role: Role, fleets: Sequence[FleetState], all_held_by: str = ""
) -> TenantRow:
    """Project a tenant; `fleets` are its own, `role` is what whoever asks may do in it."""
    bill = whole_bill(fleets)
    quotas = tenant.spec.quotas
    return TenantRow(
        name=tenant.name,
        fleets=len(fleets),
        agents=sum(len(state.agents) for state in fleets),
        needs=sum(len(inbox_rows(state)) for state in fleets),
        cost=cost_of(bill),
        tokens=bill.input_tokens + bill.output_tokens,
        plan=tenant.spec.plan,
        role=role,
        turns=sum(len(agent.turns) for state in fleets for agent in state.agents.values()),
        messages=sum(len(box) for state in fleets for box in state.mailboxes.values()),
        agents_quota=quotas.agents,
        turns_quota=quotas.concurrent_turns,
        messages_quota=quotas.queued_messages,
        held_by=tenant.held_by,
        all_held_by=all_held_by,
        retired=tenant.retired,
        file=tenant.file,
    )


def tenant_detail(tenant: TenantState, row: TenantRow) -> TenantDetail:
    """Project all that a tenant's file says."""
    members = tuple(
        MemberRow(one.name, one.role, {key: str(own) for key, own in one.identities.items()})
        for one in tenant.spec.members
    )
    return TenantDetail(row, members, tenant.spec.model_dump(mode="json"))


def whole_bill(states: Sequence[FleetState]) -> Bill:
    """Sum what all agents of some fleets used."""
    whole = Bill()
    for state in states:
        for agent in state.agents.values():
            whole.input_tokens += agent.bill.input_tokens
            whole.output_tokens += agent.bill.output_tokens
            whole.cost += agent.bill.cost
            whole.priced = whole.priced and agent.bill.priced
    return whole
