"""Messages that an operator gives by hand, in a cockpit or on a command line."""

from __future__ import annotations

import asyncio

from fleettui.adapters.channels.mute import Mute
from fleettui.core.channel import Delivery, Person, Receipt, Take
from fleettui.core.errors import Refused


class ManualChannel(Mute):
    """Satisfies ports.Channel: whoever hands a message in waits for its receipt.

    Nobody is written to: an operator sees the request itself, and the inbox.
    """

    platform = "manual"

    def __init__(self) -> None:
        self._take: Take | None = None

    async def receive(self, take: Take) -> None:
        self._take = take
        try:
            await asyncio.Event().wait()
        finally:
            self._take = None

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand a message in; raises Refused while nothing takes messages."""
        if self._take is None:
            raise Refused("this host takes no messages for flows right now", "try again")
        return await self._take(delivery)

    async def resolve(self, user: str) -> Person | None:
        """Know whoever an operator says a message is from: the operator vouches for it."""
        return Person(self.platform, user, user) if user else None
