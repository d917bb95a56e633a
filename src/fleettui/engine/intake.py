"""Intake: a message of a channel becomes a request of a flow, or is told why not."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from fleettui.core.channel import Delivery, Receipt
from fleettui.core.commands.requests import CountDrop, QueueRequest
from fleettui.core.errors import Forbidden, NotFound, QuotaReached, Refused
from fleettui.core.flow import Flow, fleet_of, obstacle
from fleettui.core.flow_limits import limits_of_flow, limits_of_quota
from fleettui.core.limits import Over, Usage, free_of_all
from fleettui.core.model import ROLES, Actor
from fleettui.core.routing import Incoming, agent_for
from fleettui.core.state.tenant import TenantState
from fleettui.engine.engine import Engine
from fleettui.engine.flows import Flows
from fleettui.engine.questions import Questions

_log = logging.getLogger(__name__)
# Platforms whose messages come from no person.
_NOBODY = frozenset({"schedule", "webhook", "file"})


class Intake:
    """Takes deliveries: each is decided on once, and what is queued is on the disk.

    Counts what it did not take, by flow, with the last reason: it is shown, and is in no event.
    """

    def __init__(self, engine: Engine, flows: Flows, questions: Questions) -> None:
        self._engine, self._flows, self._questions = engine, flows, questions
        self.refused: dict[tuple[str, str], int] = {}
        self.last_refusal: dict[tuple[str, str], str] = {}
        self.dropped: dict[str, int] = {}

    async def take(self, delivery: Delivery, actor: Actor | None = None) -> Receipt:
        """Take a delivery, of whoever `actor` is if not of a platform's user.

        Raises the errors of the store; every other refusal is in the receipt.
        """
        try:
            tenant = self._engine.tenant(delivery.tenant)
        except NotFound:
            return Receipt("dropped", why="no such tenant")
        if delivery.answer is not None:
            return await self._questions.answered(delivery, delivery.answer)
        known = tenant.requests.repeated(delivery.ids)
        if known:
            await self._engine.wait_committed()
            return Receipt("repeated", known)
        if delivery.replaces:
            return await self._drop(delivery, "an edited message starts nothing again")
        forced = actor is not None and bool(delivery.flow)
        flow, agent, why = self._route(delivery, forced=forced)
        if flow is None:
            return await self._drop(delivery, why)
        try:
            if forced:
                # A person who names it may run what its platform can't bring yet.
                fleet_of(flow, agent)
            elif why := obstacle(flow) or self._off(flow):
                return self._refuse(flow, Refused(why))
            return await self._queue(delivery, flow, agent, tenant, actor)
        except QuotaReached as over:
            return self._refuse(flow, over, over.again_at)
        except Refused as refusal:
            return self._refuse(flow, refusal)

    def _off(self, flow: Flow) -> str:
        return f"the platform {flow.platform} is switched off" if self._flows.is_off(flow) else ""

    def _route(self, delivery: Delivery, *, forced: bool) -> tuple[Flow | None, str, str]:
        """Choose flow and agent; a flow that an operator names takes whatever it is given."""
        if delivery.flow:
            flow = self._flows.find(delivery.tenant, delivery.flow)
            if flow is None:
                return None, "", f"no flow is named '{delivery.flow}'"
            if forced:
                agent, why = agent_for(flow, delivery.text)
                return (flow, agent, "") if agent or not flow.spec.agents else (None, "", why)
        routed = self._flows.router.route(
            Incoming(
                delivery.platform, delivery.channel, delivery.user, delivery.text, delivery.event,
                delivery.tenant, delivery.flow,
            )
        )  # fmt: skip
        if routed.flow is None and routed.agent and not delivery.flow:
            return self._flows.settings.default, routed.agent, routed.why
        whole = routed.flow is not None and (routed.flow.spec.nodes or routed.flow.spec.fleet)
        # A flow whose agents all have patterns may have none for this text.
        taken = routed.flow if routed.agent or whole else None
        return taken, routed.agent, routed.why

    async def _queue(
        self, delivery: Delivery, flow: Flow, agent: str, tenant: TenantState, actor: Actor | None
    ) -> Receipt:
        person = actor.name if actor else tenant.person(delivery.platform, delivery.user)
        whose = person or (f"{delivery.platform}:{delivery.user}" if delivery.user else "")
        asking = actor or actor_of(delivery.platform, whose, flow, tenant)
        text = await self._engine.payload(tenant.name, delivery.text)
        entry = next((one for one in flow.spec.agents if one.name == agent), None)
        limits = tuple(limits_of_flow(flow, whose))
        now = self._engine.clock.now()
        # From here on nothing else is decided until this is.
        known = tenant.requests.repeated(delivery.ids)
        if not known:
            self._refuse_over_all(flow, now)
        command = QueueRequest(
            tenant.name, flow.name, delivery.platform, delivery.channel, delivery.user, text,
            delivery.ids, agent=agent, person=person, event=delivery.event,
            priority=(entry.priority if entry else None) or "normal", address=delivery.address,
            due=delivery.at if delivery.platform == "schedule" else 0.0, limits=limits,
        )  # fmt: skip
        request = await self._engine.send(command, asking)
        return Receipt("repeated" if known else "queued", request)

    def _refuse_over_all(self, flow: Flow, now: float) -> None:
        """Refuse what a flow's `global` limits refuse: they count the requests of all tenants."""
        quota = flow.spec.limits.all_together
        for limit in limits_of_quota(quota, (), "the host") if quota else ():
            used = [one.requests.usage.get(limit.key, Usage()) for one in self._engine.tenants()]
            free_at = free_of_all(used, limit, now)
            if free_at:
                over = Over(limit, free_at)
                raise QuotaReached(str(over), "wait until there is room again", again_at=free_at)

    async def _drop(self, delivery: Delivery, why: str) -> Receipt:
        """Count what nobody takes; what was signed for a flow is counted for ever."""
        name = f"{delivery.tenant} {delivery.platform}"
        self.dropped[name] = self.dropped.get(name, 0) + 1
        _log.info("a message of %s was dropped: %s", name, why)
        if delivery.flow:
            await self._engine.send(
                CountDrop(delivery.tenant, delivery.platform, delivery.channel[:200], why)
            )
        return Receipt("dropped", why=why)

    def _refuse(self, flow: Flow, refusal: Refused, free_at: float = 0.0) -> Receipt:
        why = str(refusal)
        if free_at:
            room = (
                f"there is room again at {datetime.fromtimestamp(free_at, UTC):%Y-%m-%d %H:%M:%SZ}"
            )
            why = f"{refusal.message}; {room}"
        name = (flow.tenant, flow.name)
        self.refused[name] = self.refused.get(name, 0) + 1
        self.last_refusal[name] = why
        _log.info("a message for flow %s was refused: %s", flow.name, why)
        return Receipt("refused", why=why, free_at=free_at)


def actor_of(platform: str, whose: str, flow: Flow, tenant: TenantState) -> Actor:
    """Give who asks: a member with their role, somebody of a platform, or the flow by itself.

    Raises Forbidden for a member who may only look.
    """
    if platform in _NOBODY or not whose:
        return Actor("system", f"flow {flow.name}", flow.tenant)
    role = tenant.role_of(whose) or "operator"
    if ROLES.index(role) < ROLES.index("operator"):
        raise Forbidden(
            f"{whose} is {role} of {tenant.name}, and this needs operator",
            f"ask an admin of {tenant.name}",
        )
    return Actor("operator", whose, tenant.name, role)
