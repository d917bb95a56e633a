"""The door to flows: what operators give them by hand, and what is seen of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fleettui.core.channel import Delivery, Receipt
from fleettui.core.commands.requests import SendToFlow, UseFlows
from fleettui.core.decide.roles import refuse_role
from fleettui.core.errors import NotFound, QuotaReached, Refused
from fleettui.core.flow import Flow, obstacle
from fleettui.core.limits import HOUR, MINUTE, Usage, request_key
from fleettui.core.model import PRIORITIES, Actor
from fleettui.core.state.requests import RequestState
from fleettui.core.state.tenant import TenantState
from fleettui.core.subjects import TROUBLE
from fleettui.core.tenancy import DEFAULT
from fleettui.core.views.flows import agent_names, flow_state, trigger_lines
from fleettui.core.views.rows import FlowRow, RequestRow
from fleettui.engine.engine import Engine
from fleettui.engine.flows import Flows
from fleettui.engine.intake import Intake
from fleettui.engine.requests import Requests
from fleettui.engine.triggers import next_due
from fleettui.ports import FlowFolder

# Opens the folder of flows that an operator names.
OpenFolder = Callable[[UseFlows], FlowFolder]


class FlowDoor:
    """What a session asks of flows, for whoever it belongs to."""

    def __init__(
        self,
        engine: Engine,
        flows: Flows,
        intake: Intake,
        requests: Requests,
        open_folder: OpenFolder,
    ) -> None:
        self._engine, self.flows = engine, flows
        self._intake, self._requests, self._open_folder = intake, requests, open_folder
        # No event tells of a changed file: who looks at flows reads them again.
        flows.listen(lambda: engine.bus.publish(TROUBLE, ["flows"]))

    async def send(self, command: SendToFlow, actor: Actor) -> str:
        """Give a message to a flow, or to the router; raises Refused where nobody takes it."""
        refuse_role(actor, command)
        delivery = Delivery(
            platform=command.platform,
            channel=command.channel,
            user=command.user,
            text=command.text,
            ids=(f"manual:{command.key or secrets.token_hex(12)}",),
            at=self._engine.clock.now(),
            event=command.event,
            tenant=command.tenant,
            flow=command.flow,
        )
        receipt = await self._intake.take(delivery, actor)
        return _request_of(receipt, command.flow)

    async def use(self, command: UseFlows, actor: Actor) -> str:
        """Take another folder of flows; only where the host has none of its own."""
        refuse_role(actor, command)
        if command.tenant != DEFAULT:
            raise Refused("flows belong to the whole host", "an admin of tenant default sets them")
        settings = self.flows.settings
        if settings.pinned:
            raise Refused(
                f"this host serves the flows of {settings.place}", "leave out --flows, or stop it"
            )
        folder = self._open_folder(command)
        await self.flows.use(
            replace(settings, folder=folder, environment=command.environment, place=command.folder)
        )
        return ""

    # --- what is seen --------------------------------------------------------------------------

    def problems(self) -> Sequence[str]:
        """Give what is wrong in the files of flows, placed; mere warnings are only counted."""
        return self.flows.pressing

    def flow_rows(self, tenants: Sequence[str]) -> tuple[FlowRow, ...]:
        """Give the flows of some tenants in the order that breaks ties."""
        if not self.flows.flows:
            return ()
        now = self._engine.clock.now()
        states = {name: self._engine.tenant(name) for name in tenants}
        given: dict[tuple[str, str], list[RequestState]] = {}
        for name, state in states.items():
            for one in state.requests.all.values():
                given.setdefault((name, one.flow), []).append(one)
        return tuple(
            self._flow_row(flow, states[flow.tenant], given.get((flow.tenant, flow.name), ()), now)
            for flow in self.flows.flows
            if flow.tenant in states
        )

    def _flow_row(
        self, flow: Flow, tenant: TenantState, mine: Sequence[RequestState], now: float
    ) -> FlowRow:
        usage = tenant.requests.usage.get(request_key("flow", flow.name), Usage())
        name = (flow.tenant, flow.name)
        return FlowRow(
            flow.name, flow.tenant, flow.platform, flow.file, flow.line,
            sum(one.status == "queued" for one in mine),
            sum(one.status == "running" for one in mine),
            sum(one.status == "dead" for one in mine),
            usage.used(MINUTE, now), usage.used(HOUR, now),
            max((one.at for one in mine), default=0.0),
            self._intake.refused.get(name, 0),
            obstacle(flow) or self._intake.last_refusal.get(name, ""),
            next_due(flow, now),
            flow_state(flow), len(mine), trigger_lines(flow), agent_names(flow),
        )  # fmt: skip

    def open_rows(self, tenants: Sequence[str]) -> tuple[RequestRow, ...]:
        """Give the requests that wait, the most urgent and oldest first, then the dead ones."""
        found = [
            self._row(tenant, one, one.output.head)
            for tenant in tenants
            for one in self._of(tenant)
            if one.status in {"queued", "dead"}
        ]
        found.sort(key=lambda row: (row.status == "dead", PRIORITIES.index(row.priority), row.at))
        return tuple(found)

    async def request_rows(
        self, tenants: Sequence[str], flow: str, request: str, most: int
    ) -> tuple[RequestRow, ...]:
        """Give requests, the newest first; with `request` that one, and its whole answer."""
        found = [
            (tenant, one)
            for tenant in tenants
            for one in self._of(tenant)
            if flow in {"", one.flow} and request in {"", one.id}
        ]
        if request and not found:
            raise NotFound(f"no request is named '{request}'", "fleettui requests ls names them")
        found.sort(key=lambda pair: -pair[1].at)
        return tuple([
            await self._request_row(tenant, one, whole=bool(request))
            for tenant, one in found[:most]
        ])  # fmt: skip

    def _of(self, tenant: str) -> Iterator[RequestState]:
        yield from self._engine.tenant(tenant).requests.all.values()

    async def _request_row(self, tenant: str, one: RequestState, *, whole: bool) -> RequestRow:
        output = await self._engine.text(tenant, one.output) if whole else one.output.head
        return self._row(tenant, one, output)

    def _row(self, tenant: str, one: RequestState, output: str) -> RequestRow:
        return RequestRow(
            one.id, tenant, one.flow, one.agent, one.platform, one.channel, one.user, one.person,
            one.text.head, one.priority, one.status, one.at, one.started, one.finished, one.fleet,
            one.run, one.tries, one.error_type, one.why or self._requests.why(tenant, one.id),
            output, one.tokens, one.reply, one.held_by,
        )  # fmt: skip


def _request_of(receipt: Receipt, flow: str) -> str:
    """Give the id of what was queued; raises why nothing was."""
    match receipt.status:
        case "queued" | "repeated":
            return receipt.request
        case "refused" if receipt.free_at:
            raise QuotaReached(receipt.why, again_at=receipt.free_at)
        case "refused":
            raise Refused(receipt.why)
        case "dropped":
            mend = "fleettui flow ls names them" if flow else "fleettui flow explain says why"
            raise Refused(f"nobody takes it: {receipt.why}", mend)
