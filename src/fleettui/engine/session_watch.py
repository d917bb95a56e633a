"""SessionWatch: what one operator hears of what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fleettui.client import Notice, Reread, Streamed
from fleettui.core.state.fleet import FleetState
from fleettui.core.subjects import TROUBLE, part_of
from fleettui.core.tenancy import is_tenant_stream, tenant_of_stream
from fleettui.engine.membership import Membership
from fleettui.ports import Subscription


def heard_subjects(tenant: str, fleet: str, stream: bool) -> Sequence[str]:
    """Name what a watcher of a fleet, of a tenant's fleets or of all fleets hears."""
    of = part_of(fleet) if fleet else "*"
    streamed = (f"org.{tenant}.stream.{of}",) if stream else ()
    return (f"org.{tenant}.events.{of}", *streamed, TROUBLE)


class SessionWatch:
    """Satisfies client.Watch: lets through what this operator may see and asked for."""

    def __init__(
        self,
        subscription: Subscription,
        mine: Callable[[], Sequence[FleetState]],
        who: Membership,
        fleet: str,
    ) -> None:
        self._subscription, self._mine, self._who = subscription, mine, who
        self._fleet = fleet

    async def take(self) -> Sequence[Notice]:
        while True:
            things = await self._subscription.take()
            notices: list[Notice] = [Reread()] if self._subscription.overflowed else []
            # Asked again each time: whoever watches may not be a member any more.
            visible = {state.id for state in self._mine() if self._fleet in {"", state.id}}
            for thing in things:
                if isinstance(thing, str):
                    notices.append(Reread())
                elif isinstance(thing, Streamed):
                    if thing.fleet in visible:
                        notices.append(thing)
                elif thing.stream in visible or self._is_of_tenant(thing.stream):
                    notices.append(thing)
            if notices:
                return notices

    def _is_of_tenant(self, stream: str) -> bool:
        """Say whether something happened to a tenant as a whole that this operator sees."""
        return (
            not self._fleet
            and is_tenant_stream(stream)
            and self._who.role(tenant_of_stream(stream)) is not None
        )
