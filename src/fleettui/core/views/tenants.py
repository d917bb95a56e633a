"""Rows of tenants: what each has, may use and is held by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from fleettui.core.limits import HOUR, MINUTE
from fleettui.core.model import Role
from fleettui.core.quota import day_of, the_day, when
from fleettui.core.state.fleet import Bill, FleetState
from fleettui.core.state.standing import TenantStanding
from fleettui.core.state.tenant import Budget, TenantState
from fleettui.core.tenancy import tenant_stream
from fleettui.core.views.agents import cost_of
from fleettui.core.views.inbox import inbox_rows
from fleettui.core.views.rows import (
    Attention,
    InboxRow,
    MemberRow,
    QuotaRow,
    TenantDetail,
    TenantRow,
)

_EYE: Final[Mapping[Attention, int]] = {"need": 0, "fail": 1, "stale": 2, "pause": 3}


class Programs(NamedTuple):
    """What the programs of a tenant use: bytes of memory, and cores."""

    memory: float = 0.0
    cores: float = 0.0


def tenant_row(
    standing: TenantStanding,
    role: Role,
    programs: Programs,
    now: float,
    *,
    turns: int = 0,
    all_held_by: str = "",
) -> TenantRow:
    """Project a tenant; `role` is what whoever asks may do in it, `turns` go on right now."""
    tenant, fleets = standing.tenant, list(standing.fleets.values())
    bill, today = whole_bill(fleets), standing.bill(day_of(now), day_of(now))
    quotas = tenant.spec.quotas
    needs = sum(len(inbox_rows(state)) for state in fleets) + len(budget_rows(standing, now))
    used_up = standing.used_up(now)
    return TenantRow(
        name=tenant.name,
        fleets=len(fleets),
        agents=standing.agents(),
        needs=needs,
        cost=cost_of(bill),
        tokens=bill.tokens,
        plan=tenant.spec.plan,
        role=role,
        turns=turns,
        messages=standing.waiting(),
        agents_quota=quotas.agents,
        turns_quota=quotas.concurrent_turns,
        messages_quota=quotas.queued_messages,
        held_by=tenant.held_by,
        all_held_by=all_held_by,
        retired=tenant.retired,
        file=tenant.file,
        tokens_today=today.tokens,
        cost_today=cost_of(today),
        quotas=tuple(_quota_rows(standing, turns, programs, now)),
        used_up=used_up,
        attention="need" if needs else _attention(tenant, fleets, all_held_by or used_up),
    )


def _quota_rows(
    standing: TenantStanding, turns: int, programs: Programs, now: float
) -> Iterator[QuotaRow]:
    """Give how far a tenant is with each bound of its file."""
    tenant, today = standing.tenant, the_day(now)
    quotas, bill = tenant.spec.quotas, standing.bill(today.first, today.last)
    yield from _row("agents", standing.agents(), quotas.agents)
    yield from _row("concurrent_turns", turns, quotas.concurrent_turns)
    yield from _row("queued_messages", standing.waiting(), quotas.queued_messages)
    yield from _row("memory", programs.memory, quotas.memory, exact=False)
    yield from _row("cpu", programs.cores, quotas.cpu, exact=False)
    yield from _row("tokens_per_day", bill.tokens, quotas.tokens_per_day, again=today.ends)
    yield from _row(
        "cost_per_day", bill.cost, quotas.cost_per_day, exact=bill.priced, again=today.ends
    )
    for name, most, window in (
        ("requests_per_minute", quotas.requests_per_minute, MINUTE),
        ("requests_per_hour", quotas.requests_per_hour, HOUR),
    ):
        if most is not None:
            given = sum(one.at + window > now for one in standing.requests(now))
            yield from _row(name, given, most)
    for budget in tenant.budgets(now):
        spent = standing.bill(budget.period.first, budget.period.last)
        yield from _row(
            f"budgets.{budget.kind}", spent.cost, budget.most, exact=spent.priced,
            again=budget.period.ends,
        )  # fmt: skip


def _row(
    name: str, used: float, most: float | None, *, exact: bool = True, again: float | None = None
) -> Iterator[QuotaRow]:
    if most is not None:
        yield QuotaRow(name, used, most, used / most, exact, again)


def budget_rows(standing: TenantStanding, now: float) -> tuple[InboxRow, ...]:
    """Give the budgets of a tenant that wait for a person."""
    return tuple(
        _budget_row(standing.tenant, budget, spent, now)
        for budget in standing.tenant.budgets(now)
        if budget.asks
        and (spent := standing.spent(budget.period.first, budget.period.last)) >= budget.most
    )


def _budget_row(tenant: TenantState, budget: Budget, spent: float, now: float) -> InboxRow:
    again = when(budget.period.ends, now)
    return InboxRow(
        id=tenant.item_of(budget),
        kind="budget",
        tenant=tenant.name,
        fleet=tenant_stream(tenant.name),
        agent="",
        run="",
        summary=f"{tenant.name} spent ${spent:,.2f} of ${budget.most:,.2f} this {budget.kind}",
        action=None,
        asked_at=budget.state.asked_at,
        expires_at=budget.period.ends,
        rule=f"budgets.{budget.kind}: ${budget.limit:,.2f} a {budget.kind}",
        needs=1,
        version=budget.state.times,
        nonce="",
        why=f"nothing of {tenant.name} begins: approve allows ${budget.limit:,.2f} more until "
        f"{again}, deny leaves it so until then",
        always="",
        approved_by=(),
        options=(),
        destructive=False,
    )


def _attention(tenant: TenantState, fleets: Sequence[FleetState], stopped: str) -> Attention:
    """Say how much a tenant that needs nobody draws the eye."""
    agents = [agent for state in fleets for agent in state.agents.values()]
    if any(agent.status == "failed" for agent in agents):
        return "fail"
    if tenant.held_by or stopped:
        return "pause"
    if tenant.retired:
        return "done"
    return "run" if any(agent.turns for agent in agents) else "idle"


def by_attention(rows: Sequence[TenantRow]) -> tuple[TenantRow, ...]:
    """Sort tenants: those that need somebody first, the others as they came.

    Who runs and who rests are one class, or rows would jump at every turn.
    """
    return tuple(sorted(rows, key=lambda row: _EYE.get(row.attention, len(_EYE))))


def tenant_detail(tenant: TenantState, row: TenantRow) -> TenantDetail:
    """Project all that a tenant's file says."""
    members = tuple(
        MemberRow(one.name, one.role, {key: str(own) for key, own in one.identities.items()})
        for one in tenant.spec.members
    )
    return TenantDetail(row, members, tenant.spec.model_dump(mode="json"))


def whole_bill(states: Sequence[FleetState]) -> Bill:
    """Sum what all agents of some fleets used, also those that are gone."""
    whole = Bill()
    for state in states:
        for bill in state.days.values():
            whole.include(bill)
    return whole
