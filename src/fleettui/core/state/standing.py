"""TenantStanding: how far a tenant is with what it may use, summed over its fleets' states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fleettui.core import quota
from fleettui.core.errors import QuotaReached
from fleettui.core.limits import HOUR
from fleettui.core.quota import Request, the_day, when
from fleettui.core.standing import MANY
from fleettui.core.state.fleet import Bill, FleetState
from fleettui.core.state.tenant import TenantState

# How the actor of a run that no person began is written.
_NO_PERSON = ("system:", "agent:")


@dataclass(slots=True)
class TenantStanding:
    """Satisfies core.standing.Standing; what is counted is what the folded states say.

    Nothing is kept twice, so whatever is counted here is counted once, also after a crash.
    """

    tenant: TenantState = field(default_factory=TenantState)
    fleets: dict[str, FleetState] = field(default_factory=dict)

    # --- admission -----------------------------------------------------------------------------

    def agents_left(self) -> int:
        """Count how many agents more the tenant may have."""
        most = self.tenant.spec.quotas.agents
        return MANY if most is None else max(most - self.agents(), 0)

    def admit_agents(self, more: int) -> None:
        """Refuse so many agents more than there are, where the tenant may not have them."""
        most, has = self.tenant.spec.quotas.agents, self.agents()
        if most is not None and more > 0 and has + more > most:
            raise QuotaReached(
                f"{self.tenant.name} has {has} of {most} agents, and this needs {more} more",
                "stop a fleet, or remove agents", quota="agents",
            )  # fmt: skip

    def admit_messages(self, more: int) -> None:
        """Refuse so many messages more that wait."""
        most = self.tenant.spec.quotas.queued_messages
        if most is None or not more:
            return
        waiting = self.waiting()
        if waiting + more > most:
            raise QuotaReached(
                f"{self.tenant.name} has {waiting} of {most} messages waiting",
                "send it again when some of them were taken", quota="queued_messages",
            )  # fmt: skip

    def admit_request(self, person: str, at: float) -> None:
        """Refuse a person's task now, where the tenant or they gave as many as they may."""
        quotas = self.tenant.spec.quotas
        quota.admit_request(self.tenant.name, quotas, self.requests(at), person, at)

    # --- counts --------------------------------------------------------------------------------

    def agents(self) -> int:
        """Count the agents of all open fleets."""
        return sum(len(state.agents) for state in self.fleets.values() if not state.stopped)

    def waiting(self) -> int:
        """Count the messages that wait, for agents and for flows."""
        requests = self.tenant.requests
        queued = sum(requests.all[name].status == "queued" for name in requests.open)
        return queued + sum(state.waiting for state in self.fleets.values())

    def requests(self, at: float) -> Iterator[Request]:
        """Give the tasks that people gave in the last hour, or that go on, to fleets or to flows.

        A run for a request, or for a step of another run, is no task of its own.
        """
        for request in reversed(self.tenant.requests.all.values()):
            goes_on = request.status == "running"
            if request.at + HOUR > at or goes_on:
                yield Request(request.at, request.whose, goes_on)
        for state in self.fleets.values():
            for run in reversed(state.runs.values()):
                goes_on = run.status == "running"
                if run.started + HOUR <= at and not goes_on:
                    break
                if run.is_task and not run.by.startswith(_NO_PERSON):
                    yield Request(run.started, run.by, goes_on)

    def bill(self, first: int, last: int) -> Bill:
        """Sum what models used from one day to another."""
        whole = Bill()
        for state in self.fleets.values():
            for day in state.days if last - first > len(state.days) else range(first, last + 1):
                found = state.days.get(day)
                if found is not None and first <= day <= last:
                    whole.include(found)
        return whole

    def spent(self, first: int, last: int) -> float:
        """Give what calls of known price cost (US dollars) from one day to another, in UTC."""
        return self.bill(first, last).cost

    # --- what holds where an agent's file says nothing -------------------------------------------

    def idle_timeout(self) -> float | None:
        """Give after how long (seconds) an agent is released whose file says nothing."""
        return self.tenant.spec.limits.idle_timeout

    # --- what stops everything -----------------------------------------------------------------

    def used_up(self, at: float) -> str:
        """Say which quota of the day or budget is used up, and until when; empty for none.

        Calls of unknown price are in no sum: what is said of a cost then is the least it was.
        """
        name, quotas = self.tenant.name, self.tenant.spec.quotas
        today = the_day(at)
        if quotas.tokens_per_day is not None or quotas.cost_per_day is not None:
            bill, again = self.bill(today.first, today.last), f"again at {when(today.ends, at)}"
            if quotas.tokens_per_day is not None and bill.tokens >= quotas.tokens_per_day:
                used, most = bill.tokens, quotas.tokens_per_day
                return f"{name} used {used:,} of {most:,} tokens today; {again}"
            if quotas.cost_per_day is not None and bill.cost >= quotas.cost_per_day:
                least = "" if bill.priced else "at least "
                dear = quotas.cost_per_day
                return f"{name} spent {least}${bill.cost:,.2f} of ${dear:,.2f} today; {again}"
        for budget in self.tenant.budgets(at):
            spent = self.spent(budget.period.first, budget.period.last)
            if spent >= budget.most:
                or_by = (
                    f" ({budget.kept_by} left it so)" if budget.kept_by else " or by an approver"
                )
                return (
                    f"{name} spent ${spent:,.2f} of ${budget.most:,.2f} this {budget.kind}; "
                    f"again at {when(budget.period.ends, at)}{or_by}"
                )
        return ""
