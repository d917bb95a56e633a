"""The schedule channel: each time once, one catch-up at most, and never a burst."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fleettui.adapters.channels.schedule import ScheduleChannel, newest_due
from fleettui.core.channel import Delivery, Receipt, ScheduleTrigger
from fleettui.core.errors import StoreFull
from fleettui.core.spec.cron import parse_cron

MORNING = datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC).timestamp()
DAY = 86_400.0


def daily(expression: str = "0 9 * * *", **more: object) -> ScheduleTrigger:
    return ScheduleTrigger("default", "report", parse_cron(expression), UTC, "say", **more)  # type: ignore[arg-type]


class Clockwork:
    """A held clock, what was taken, and a channel between them."""

    def __init__(self, last: float = 0.0) -> None:
        self.at, self.fails = MORNING, False
        self.taken: list[Delivery] = []
        self.channel = ScheduleChannel(self, lambda _tenant, _flow: last)

    def now(self) -> float:
        return self.at

    async def take(self, delivery: Delivery) -> Receipt:
        if self.fails:
            raise StoreFull("the disk is full")
        self.taken.append(delivery)
        return Receipt("queued", "1")

    async def pass_to(self, at: float) -> list[str]:
        """Set the clock, let the channel look, and give the new ids."""
        self.at, before = at, len(self.taken)
        self.channel.wake()
        for _ in range(5):
            await asyncio.sleep(0)
        return [one.ids[0] for one in self.taken[before:]]


@asynccontextmanager
async def running(clockwork: Clockwork, *triggers: ScheduleTrigger) -> AsyncIterator[Clockwork]:
    clockwork.channel.use(triggers)
    receiving = asyncio.create_task(clockwork.channel.receive(clockwork.take))
    await clockwork.pass_to(clockwork.at)
    yield clockwork
    receiving.cancel()


async def test_a_flow_is_due_once_at_its_time_and_again_the_next_day() -> None:
    async with running(Clockwork(), daily()) as clockwork:
        nine = MORNING + 30
        assert await clockwork.pass_to(MORNING + 29) == []
        assert await clockwork.pass_to(nine) == [f"report@{nine:.0f}"]
        assert await clockwork.pass_to(nine + 1) == []
        assert await clockwork.pass_to(nine + DAY) == [f"report@{nine + DAY:.0f}"]
        one = clockwork.taken[0]
        assert (one.platform, one.flow, one.text, one.at) == ("schedule", "report", "say", nine)
        assert one.event == "2026-03-02T09:00+0000"


async def test_of_all_that_was_missed_the_newest_is_made_up_for_once() -> None:
    last = MORNING + 30 - 9 * DAY
    async with running(Clockwork(last), daily("*/10 * * * *")) as clockwork:
        assert [one.ids[0] for one in clockwork.taken] == [f"report@{MORNING - 570:.0f}"]
        assert await clockwork.pass_to(MORNING + 31) == [f"report@{MORNING + 30:.0f}"]


async def test_nothing_is_made_up_for_where_the_flow_says_so_or_never_ran() -> None:
    last = MORNING + 30 - 9 * DAY
    for clockwork, trigger in [
        (Clockwork(last), daily(catch_up=False)),
        (Clockwork(0.0), daily()),
    ]:
        async with running(clockwork, trigger):
            assert clockwork.taken == []
            assert len(await clockwork.pass_to(MORNING + 30)) == 1


async def test_a_machine_that_slept_makes_up_for_one_time() -> None:
    async with running(Clockwork(), daily("* * * * *")) as clockwork:
        woken = await clockwork.pass_to(MORNING + 5 * 3600)
        assert woken == [f"report@{MORNING + 5 * 3600 - 30:.0f}"]


async def test_a_clock_that_is_set_back_goes_on_and_repeats_ids_only() -> None:
    async with running(Clockwork(), daily()) as clockwork:
        first = await clockwork.pass_to(MORNING + 30)
        assert await clockwork.pass_to(MORNING - 60) == []
        assert await clockwork.pass_to(MORNING + 30) == first


async def test_a_time_that_could_not_be_stored_stays_due() -> None:
    async with running(Clockwork(), daily()) as clockwork:
        clockwork.fails = True
        assert await clockwork.pass_to(MORNING + 30) == []
        clockwork.fails = False
        assert await clockwork.pass_to(MORNING + 35) == [f"report@{MORNING + 30:.0f}"]


async def test_a_changed_expression_counts_from_now() -> None:
    async with running(Clockwork(), daily()) as clockwork:
        await clockwork.pass_to(MORNING + 30)
        await clockwork.pass_to(MORNING + 3600)
        clockwork.channel.use([daily("30 9 * * *")])
        assert await clockwork.pass_to(MORNING + 3601) == []
        assert len(await clockwork.pass_to(MORNING + 30 + 1800 + DAY)) == 1


async def test_flows_do_not_wait_for_each_other_and_one_that_is_gone_is_not_due() -> None:
    other = daily("5 9 * * *")._replace(flow="other", tenant="acme")
    async with running(Clockwork(), daily(), other) as clockwork:
        assert len(await clockwork.pass_to(MORNING + 331)) == 2
        assert [(one.tenant, one.flow) for one in clockwork.taken] == [
            ("default", "report"),
            ("acme", "other"),
        ]
        clockwork.channel.use([other])
        assert await clockwork.pass_to(MORNING + 30 + DAY) == []


@pytest.mark.parametrize("expression", ["* * * * *", "0 9 * * *", "*/7 1-5 * * mon", "0 0 1 1 *"])
@pytest.mark.parametrize("away", [61.0, 4000.0, 90_000.0, 40 * DAY, 800 * DAY])
def test_the_newest_due_time_has_none_after_it(expression: str, away: float) -> None:
    trigger = daily(expression)._replace(zone=ZoneInfo("Europe/Berlin"))
    due = trigger.cron.after(MORNING, trigger.zone)
    now = due + away
    newest = newest_due(trigger, due, now)
    assert due <= newest <= now
    assert trigger.cron.after(newest, trigger.zone) > now
