"""Metrics: counts what happens since the host began, by flow and by tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fleettui.core.events import (
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionExpired,
    AgentCrashed,
    MessageDelivered,
    Recorded,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
)
from fleettui.core.metrics import Metric
from fleettui.core.state.fleet import FleetState
from fleettui.core.tenancy import is_tenant_stream
from fleettui.core.views.rows import MetricRow
from fleettui.engine.engine import Engine
from fleettui.engine.requested import Ended, ended_by

WAITING: Final = frozenset({"queued", "returned"})


class Metrics:
    """Watches all events; answers with the numbers as they are."""

    def __init__(self, engine: Engine, waits: Callable[[str], bool]) -> None:
        """Begin with nothing counted; `waits` says whether a turn waits for its place."""
        self._engine, self._waits = engine, waits
        self._asked: set[str] = set()
        flows = ("flow", "platform", "agent")
        self._requests = Metric(
            "counter", "agentflow_requests_total", "Requests that ended.", flows
        )
        self._latency = Metric(
            "histogram", "agentflow_latency_seconds", "From request to end.", ("flow", "agent")
        )
        self._approvals = Metric(
            "counter", "agentflow_approvals_total", "Answers of persons.", ("flow", "status")
        )
        self._errors = Metric(
            "counter", "agentflow_errors_total", "What failed.", ("flow", "error_type")
        )
        self._turns = Metric(
            "counter", "fleettui_turns_total", "Turns that ended.", ("tenant", "status")
        )
        self._tokens = Metric(
            "counter", "fleettui_tokens_total", "Tokens of models.", ("tenant", "direction")
        )
        self._cost = Metric(
            "counter", "fleettui_cost_dollars_total", "Cost of models, if known.", ("tenant",)
        )
        self._unpriced = Metric(
            "counter", "fleettui_unpriced_calls_total", "Model calls of unknown price.", ("tenant",)
        )
        self._answers = Metric(
            "counter", "fleettui_approvals_total", "Answers of persons.", ("tenant", "status")
        )
        self._wait = Metric(
            "histogram", "fleettui_queue_wait_seconds", "From queued to delivered.", ("tenant",)
        )
        self._depth = Metric("gauge", "fleettui_queue_depth", "Messages that wait.", ("tenant",))
        self._open = Metric(
            "gauge", "fleettui_approvals_waiting", "Actions that wait for a person.", ("tenant",)
        )
        self._agents = Metric("gauge", "fleettui_agents", "Agents.", ("tenant", "status"))
        self._going = Metric(
            "gauge", "fleettui_turns", "Turns that go on, or wait for their place.",
            ("tenant", "status"),
        )  # fmt: skip
        self._used = Metric(
            "gauge", "fleettui_quota_used", "How much of what is bounded is used.",
            ("tenant", "quota"),
        )  # fmt: skip
        self._bound = Metric(
            "gauge", "fleettui_quota_limit", "The bound, where there is one.", ("tenant", "quota")
        )
        self._gauges = (
            self._depth, self._open, self._agents, self._going, self._used, self._bound,
        )  # fmt: skip
        self._all = (
            self._requests, self._latency, self._approvals, self._errors, self._turns,
            self._tokens, self._cost, self._unpriced, self._answers, self._wait, *self._gauges,
        )  # fmt: skip

    def on_event(self, recorded: Recorded) -> None:
        """Count an event."""
        ended = ended_by(self._engine, recorded)
        if ended is not None:
            self._end(ended)
        elif not is_tenant_stream(recorded.stream):
            self._count(self._engine.state(recorded.stream), recorded)

    def catch_up(self) -> None:
        """Note what persons are asked already; what was missed after an overflow isn't counted."""
        for state in self._engine.fleets():
            self._asked.update(_asking(state))

    def _count(self, state: FleetState, recorded: Recorded) -> None:  # noqa: C901 one arm an event
        tenant, flow = state.tenant, state.name
        match recorded.event:
            case StepTaken(usage=usage):
                self._tokens.add(tenant, ["input"], usage.input_tokens)
                self._tokens.add(tenant, ["output"], usage.output_tokens)
                if usage.cost is None:
                    self._unpriced.add(tenant)
                else:
                    self._cost.add(tenant, amount=usage.cost)
            case TurnFinished():
                self._turns.add(tenant, ["finished"])
            case TurnFailed(retry_at=retry_at):
                self._errors.add(tenant, [flow, "turn_retried" if retry_at else "turn_failed"])
                if not retry_at:
                    self._turns.add(tenant, ["failed"])
            case TurnCancelled():
                self._turns.add(tenant, ["cancelled"])
            case AgentCrashed():
                self._errors.add(tenant, [flow, "agent_crashed"])
            case MessageDelivered(message=name):
                if message := state.messages.get(name):
                    self._wait.observe(tenant, [], recorded.at - message.at)
            case ActionAsked() | ActionApproved() | ActionDenied() | ActionExpired() as event:
                self._answer(state, event)
            case _:
                pass

    def _end(self, ended: Ended) -> None:
        tenant, flow = ended.tenant, ended.flow
        self._requests.add(tenant, [flow, ended.platform, ended.agent])
        self._latency.observe(tenant, [flow, ended.agent], ended.seconds)
        if ended.status == "failed":
            self._errors.add(tenant, [flow, ended.error or "run_failed"])
        if ended.waited:
            self._wait.observe(tenant, [], ended.waited)

    def _answer(
        self,
        state: FleetState,
        event: ActionAsked | ActionApproved | ActionDenied | ActionExpired,
    ) -> None:
        """Count what a person was asked and what came of it; a policy's own no is none."""
        action = event.action
        match event:
            case ActionAsked():
                self._asked.add(action)
                status = "requested"
            case ActionApproved():
                status = "approved"
            case ActionDenied():
                status = "denied"
            case ActionExpired():
                status = "expired"
        if status != "requested":
            if action not in self._asked:
                return
            self._asked.discard(action)
        self._approvals.add(state.tenant, [state.name, status])
        self._answers.add(state.tenant, [status])

    # --- answers -------------------------------------------------------------------------------

    def rows(self, tenants: Sequence[str]) -> Sequence[MetricRow]:
        """Give every number of some tenants."""
        self._look()
        return tuple(row for metric in self._all for row in _rows(metric, tenants))

    def rows_of_all(self) -> Sequence[MetricRow]:
        """Give every number of every tenant, for whom the host belongs to."""
        return self.rows([tenant.name for tenant in self._engine.tenants()])

    def _look(self) -> None:
        """Set the gauges from the state."""
        for gauge in self._gauges:
            gauge.clear()
        for tenant in self._engine.tenants():
            of = tenant.name
            mine = [one for one in self._engine.fleets() if one.id and one.tenant == of]
            agents = [agent for state in mine for agent in state.agents.values()]
            waiting = sum(
                one.status in WAITING for state in mine for one in state.messages.values()
            )
            waiting += sum(
                tenant.requests.all[name].status == "queued" for name in tenant.requests.open
            )
            turns = [agent.turn for agent in agents if agent.turn]
            queued = sum(map(self._waits, turns))
            self._depth.add(of, amount=waiting)
            self._open.add(of, amount=sum(len(_asking(state)) for state in mine))
            self._going.add(of, ["going"], len(turns) - queued)
            self._going.add(of, ["waiting"], queued)
            for agent in agents:
                self._agents.add(of, [agent.status])
            quotas = tenant.spec.quotas
            for name, used, bound in (
                ("agents", len(agents), quotas.agents),
                ("concurrent_turns", len(turns) - queued, quotas.concurrent_turns),
                ("queued_messages", waiting, quotas.queued_messages),
            ):
                self._used.add(of, [name], used)
                if bound is not None:
                    self._bound.add(of, [name], bound)


def _asking(state: FleetState) -> Sequence[str]:
    """Name the actions that wait for a person."""
    return [name for name in state.open_actions if state.actions[name].status == "asking"]


def _rows(metric: Metric, tenants: Sequence[str]) -> Iterator[MetricRow]:
    def named(labels: Sequence[str]) -> dict[str, str]:
        return dict(zip(metric.labels, labels, strict=True))

    for labels, value in metric.numbers(tenants):
        yield MetricRow(metric.name, metric.kind, metric.help, named(labels), value, {})
    for labels, spread in metric.spreads(tenants):
        yield MetricRow(
            metric.name, metric.kind, metric.help, named(labels), spread.sum, spread.buckets()
        )
