"""Flows that are due at times of a clock, in a time zone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from fleettui.adapters.channels.mute import Mute
from fleettui.core.channel import Delivery, ScheduleTrigger, Take
from fleettui.core.errors import FleettuiError
from fleettui.ports import Clock

_log = logging.getLogger(__name__)
# What is later than this (seconds) was missed: the host was down, or the machine asleep.
LATE = 60.0
# The clock may jump: it is looked at this often while anything is due at all.
LONGEST_SLEEP = 20.0

# When a flow of a tenant was last taken from its schedule; 0 for never.
Last = Callable[[str, str], float]


class ScheduleChannel(Mute):
    """Satisfies ports.Channel: hands over what is due, each time once.

    Of all that was missed a flow is given the newest once, or nothing where it says
    `catch_up: false`; a flow that never ran before missed nothing.
    """

    platform = "schedule"

    def __init__(self, clock: Clock, last: Last) -> None:
        self._clock, self._last = clock, last
        self._triggers: tuple[ScheduleTrigger, ...] = ()
        # What was handed over or passed over in this life, so that it is looked at once.
        self._done: dict[tuple[str, str], float] = {}
        self._changed = asyncio.Event()

    def use(self, triggers: Sequence[ScheduleTrigger]) -> None:
        """Go by these flows from now on; times of a changed expression count from now."""
        before = {(one.tenant, one.flow): (one.cron, one.zone) for one in self._triggers}
        for one in triggers:
            name = (one.tenant, one.flow)
            if name in before and before[name] != (one.cron, one.zone):
                self._done[name] = self._clock.now()
        self._triggers = tuple(triggers)
        self._changed.set()

    def wake(self) -> None:
        """Look at the clock now."""
        self._changed.set()

    async def receive(self, take: Take) -> None:
        while True:
            self._changed.clear()
            for trigger in self._triggers:
                await self._look(trigger, take)
            try:
                async with asyncio.timeout(self._rest()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _rest(self) -> float | None:
        """Say how long nothing is due."""
        if not self._triggers:
            return None
        now = self._clock.now()
        following = min(self._since(one, now)[1] for one in self._triggers)
        return min(max(following - now, 0.0), LONGEST_SLEEP)

    def _since(self, trigger: ScheduleTrigger, now: float) -> tuple[float, float]:
        """Give from when on a flow is looked at, and its first due time after that."""
        name = (trigger.tenant, trigger.flow)
        # A clock that was set back goes on from where it is; what it repeats is known by its id.
        since = min(self._done.get(name) or self._last(*name) or now, now)
        return since, trigger.cron.after(since, trigger.zone)

    async def _look(self, trigger: ScheduleTrigger, take: Take) -> None:
        now = self._clock.now()
        since, due = self._since(trigger, now)
        name = (trigger.tenant, trigger.flow)
        if due > now:
            self._done[name] = since
            return
        due = newest_due(trigger, due, now)
        if now - due <= LATE or trigger.catch_up:
            try:
                await take(delivery_of(trigger, due))
            except FleettuiError as error:
                # The store says no right now; what is due stays due.
                _log.warning("the schedule of %s: %s", trigger.flow, error)
                return
        self._done[name] = due


def newest_due(trigger: ScheduleTrigger, due: float, now: float) -> float:
    """Give the last due time up to now, from one that is due; years of minutes are no work."""
    step = 64.0
    while step < now - due:
        step *= 2
    while step >= 1:
        # The first one after a later moment that is still due is nearer to the last.
        later = trigger.cron.after(now - step, trigger.zone) if now - step > due else due
        if later <= now:
            due = max(due, later)
        step /= 2
    while (later := trigger.cron.after(due, trigger.zone)) <= now:
        due = later
    return due


def delivery_of(trigger: ScheduleTrigger, due: float) -> Delivery:
    """Make the message of one due time; its id is the flow and the time, whenever it is made."""
    at = datetime.fromtimestamp(due, trigger.zone)
    return Delivery(
        platform=ScheduleChannel.platform,
        channel=trigger.flow,
        user="",
        text=trigger.text,
        ids=(f"{trigger.flow}@{due:.0f}",),
        at=due,
        event=f"{at:%Y-%m-%dT%H:%M%z}",
        tenant=trigger.tenant,
        flow=trigger.flow,
    )
