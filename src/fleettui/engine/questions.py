"""Questions: approvals of flows' runs, asked where the message came from and answered there."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fleettui.core.channel import Answer, Delivery, Question, Receipt, Reply
from fleettui.core.commands import Approve, Deny
from fleettui.core.errors import ChannelFailed, FleettuiError, NotBuilt, NotFound, Refused
from fleettui.core.model import Actor
from fleettui.core.safe import sanitize
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.core.state.requests import RequestState
from fleettui.core.tenancy import tenant_of
from fleettui.engine.engine import Engine
from fleettui.engine.membership import actor_of_member, stranger
from fleettui.ports import Channel

_log = logging.getLogger(__name__)


class Questions:
    """Puts what waits in the inbox to its channel too, and takes answers from there."""

    def __init__(self, engine: Engine, channels: Mapping[str, Channel]) -> None:
        self._engine, self._channels = engine, channels

    async def ask(self, state: FleetState, action: ActionState, request: RequestState) -> None:
        """Ask at the address of a request for what one of its actions waits for."""
        channel = self._channels.get(request.platform)
        if channel is None or not request.address:
            return
        try:
            await channel.ask(request.address, question_of(state, action))
        except NotBuilt:
            await self._tell(channel, request, action)
        except FleettuiError as error:
            _log.warning("%s was not asked on %s: %s", action.id, request.platform, error)

    async def _tell(self, channel: Channel, request: RequestState, action: ActionState) -> None:
        """Say that a person must answer in the inbox, where a channel can't ask."""
        text = f"This waits for a person: {_shown(action)}\nAnswer it with: fleettui inbox"
        try:
            key = f"{request.id}-{action.id.rpartition('/')[2]}"
            await channel.reply(request.address, Reply(key, text, "waiting"))
        except (ChannelFailed, NotBuilt) as error:
            _log.warning("%s was not told on %s: %s", action.id, request.platform, error)

    async def answered(self, delivery: Delivery, answer: Answer) -> Receipt:
        """Judge an answer: who gives it, and whether it is to the question as it stands now."""
        try:
            actor = await self._person(delivery)
            state, action = self._action(delivery.tenant, answer)
            if answer.verdict == "deny":
                command: Approve | Deny = Deny(state.id, action.id, action.version, answer.reason)
            else:
                command = Approve(state.id, action.id, action.version, answer.digest, answer.nonce)
            await self._engine.send(command, actor)
        except Refused as refusal:
            return Receipt("refused", why=str(refusal))
        return Receipt("queued", action.id)

    async def _person(self, delivery: Delivery) -> Actor:
        """Give the member of the tenant whom the platform says it is; raises Refused.

        A tenant without members has only the people whom its flows name: they are strangers.
        """
        channel = self._channels.get(delivery.platform)
        known = await channel.resolve(delivery.user) if channel else None
        tenant = self._engine.tenant(delivery.tenant)
        name = tenant.person(delivery.platform, known.user) if known else ""
        member = tenant.member(name)
        if member is None and known is not None and not tenant.spec.members:
            return stranger(tenant.name, delivery.platform, known.user)
        if member is None:
            raise Refused(
                f"{delivery.platform} user {delivery.user} is nobody who may answer here",
                "an admin adds the identity to a member in the tenant's file",
            )
        return actor_of_member(tenant, member)

    def _action(self, tenant: str, answer: Answer) -> tuple[FleetState, ActionState]:
        fleet = answer.action.rpartition("/")[0]
        state = self._engine.state(fleet) if tenant_of(fleet) == tenant else None
        action = state.actions.get(answer.action) if state else None
        if state is None or action is None:
            raise NotFound(f"nothing is named '{answer.action}'")
        if (action.digest, action.nonce) != (answer.digest, answer.nonce):
            raise Refused(f"{action.id} is not what was asked any more", "look at it again")
        return state, action


def question_of(state: FleetState, action: ActionState) -> Question:
    """Draw an action as a question, whole and sanitised."""
    return Question(
        action.id, action.digest, action.nonce, f"{state.id}: {_shown(action)}",
        action.expires_at, action.needs, action.chain,
    )  # fmt: skip


def _shown(action: ActionState) -> str:
    facts = action.facts
    argv = "\n".join(f"  {word}" for word in facts.argv)
    return sanitize("\n".join(filter(None, (facts.summary or facts.tool, argv, facts.preview))))
