"""TenantState: a tenant, folded from its stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fleettui.core.events.budgets import BudgetKind
from fleettui.core.model import Role
from fleettui.core.quota import Period, the_day, the_month
from fleettui.core.spec.tenant import Member, TenantSpec
from fleettui.core.state.requests import RequestsState
from fleettui.core.tenancy import tenant_stream


@dataclass(slots=True)
class BudgetState:
    """What happened to a budget in one period, in US dollars.

    `raised` was allowed besides what the file says; `warned` and `asked` are how much was allowed
    when it was warned of and asked about, so that each is done once; `times` counts the questions.
    """

    period: str
    raised: float = 0.0
    warned: float = 0.0
    asked: float = 0.0
    asked_at: float = 0.0
    times: int = 0
    kept_by: str = ""


@dataclass(slots=True)
class Budget:
    """A budget of a tenant's file in the period that goes on: `most` may be spent in it."""

    kind: BudgetKind
    period: Period
    limit: float
    state: BudgetState

    @property
    def most(self) -> float:
        return self.limit + self.state.raised

    @property
    def asks(self) -> bool:
        """Say whether it waits for a person."""
        return self.state.asked == self.most and not self.state.kept_by

    @property
    def kept_by(self) -> str:
        """Name who said that it stays as it is; empty where it was raised since."""
        return self.state.kept_by if self.state.asked == self.most else ""


@dataclass(slots=True)
class TenantState:
    """An organisation: what its file says, and what was done to it; `seq` is its last event."""

    name: str = ""
    spec: TenantSpec = field(default_factory=TenantSpec)
    file: str = ""
    seq: int = 0
    at: float = 0.0
    # Whether its file is gone.
    retired: bool = False
    held_by: str = ""
    # Of tenant `default` only: who holds the whole host.
    all_held_by: str = ""
    requests: RequestsState = field(default_factory=RequestsState)
    # What happened to its budgets, in their newest period.
    spending: dict[BudgetKind, BudgetState] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name it as streams do; empty before its first event."""
        return self.name

    def budgets(self, at: float) -> Iterator[Budget]:
        """Give the budgets of its file, as they stand in the day and month of a time."""
        given: tuple[tuple[BudgetKind, Period, float | None], ...] = (
            ("day", the_day(at), self.spec.budgets.day),
            ("month", the_month(at), self.spec.budgets.month),
        )
        for kind, period, limit in given:
            if limit is not None:
                state = self.spending.get(kind)
                if state is None or state.period != period.name:
                    state = BudgetState(period.name)
                yield Budget(kind, period, limit, state)

    def item_of(self, budget: Budget) -> str:
        """Name the question about a budget, as inboxes do."""
        return f"{tenant_stream(self.name)}/{budget.kind}-{budget.period.name}"

    def member(self, name: str) -> Member | None:
        """Give the member of that name."""
        return next((one for one in self.spec.members if one.name == name), None)

    def role_of(self, name: str) -> Role | None:
        """Give what a person may do here; None for one who is no member."""
        found = self.member(name)
        return found.role if found else None

    def person(self, platform: str, identity: str) -> str:
        """Name the person whom a platform knows by this id; empty for a stranger."""
        for member in self.spec.members:
            for known, own in member.identities.items():
                if known.lower() == platform.lower() and str(own) == identity:
                    return member.name
        return ""
