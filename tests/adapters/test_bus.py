"""The bus within a process: who hears what, and what a slow listener loses."""

from __future__ import annotations

import asyncio

import pytest

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import HandClock, SystemClock
from fleettui.adapters.memory.vault import MemoryVault
from fleettui.core.errors import Forbidden
from fleettui.core.subjects import permissions_of


@pytest.mark.parametrize(
    ("pattern", "topic", "heard"),
    [
        ("events.a", "events.a", True),
        ("events.a", "events.b", False),
        ("events.a", "events.a.b", False),
        ("events.*", "events.a", True),
        ("events.*", "events", False),
        ("events.*", "events.a.b", False),
        ("*.a", "events.a", True),
        ("events.*.x", "events.a.x", True),
        ("events.>", "events.a", True),
        ("events.>", "events.a.b.c", True),
        ("events.>", "events", False),
        (">", "anything.at.all", True),
        ("events.a*", "events.ab", False),
        ("Events.a", "events.a", False),
    ],
)
async def test_a_pattern_fits_part_by_part(pattern: str, topic: str, heard: bool) -> None:
    bus = MemoryBus()
    async with bus.subscribe(pattern) as some, bus.subscribe(">") as every:
        bus.publish(topic, [1, 2])
        assert await every.take() == [1, 2]
        bus.publish("last", [3])
        bus.publish(topic, [4])
        expected = [1, 2, *([3] if pattern == ">" else []), 4]
        if heard:
            assert await some.take() == expected
        else:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await some.take()


async def test_an_overflow_is_said_once_and_what_comes_after_is_heard() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a", most=3) as slow, bus.subscribe("a") as quick:
        bus.publish("a", [1, 2])
        bus.publish("a", [3, 4])
        bus.publish("a", [5])
        assert await slow.take() == [5]
        assert [slow.overflowed, slow.overflowed] == [True, False]
        assert await quick.take() == [1, 2, 3, 4, 5]
        assert not quick.overflowed


async def test_an_overflow_wakes_the_listener_though_nothing_is_left() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a", most=1) as slow:
        waiting = asyncio.ensure_future(slow.take())
        bus.publish("a", [1, 2])
        assert await waiting == []
        assert slow.overflowed


async def test_a_closed_subscription_hears_nothing_more() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a") as gone:
        bus.publish("a", [1])
    bus.publish("a", [2])
    assert await gone.take() == [1]


async def test_a_listener_that_was_cancelled_loses_nothing() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a") as some:
        waiting = asyncio.ensure_future(some.take())
        await asyncio.wait([waiting], timeout=0)
        waiting.cancel()
        bus.publish("a", [1])
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await some.take() == [1]


def test_the_vault_keeps_a_copy_and_never_shows_it() -> None:
    vault, given = MemoryVault(), {"OPENAI_API_KEY": "canary"}
    vault.keep("web", given)
    given["OPENAI_API_KEY"] = "other"
    assert vault.environment("web") == {"OPENAI_API_KEY": "canary"}
    assert vault.environment("api") == {}
    assert "canary" not in repr(vault)


def test_a_hand_clock_stands_until_it_is_moved() -> None:
    clock = HandClock(5.0)
    clock.forward(2.5)
    assert clock.now() == 7.5
    assert SystemClock().now() > clock.now()


async def test_a_tenant_hears_and_says_only_what_is_its_own() -> None:
    bus, acme, bolt = MemoryBus(), permissions_of("acme"), permissions_of("bolt")
    with pytest.raises(Forbidden, match="not yours to hear"):
        bus.subscribe("org.acme.>", "org.*.events.web", by=acme)
    with pytest.raises(Forbidden, match="not yours to publish"):
        bus.publish("org.acme.events.web", [0], by=bolt)
    async with (
        bus.subscribe("org.acme.>", "_INBOX.acme.>", "platform.broadcast.>", by=acme) as mine,
        bus.subscribe("org.bolt.>", by=bolt) as theirs,
    ):
        bus.publish("org.acme.internal.x", [1], by=acme)
        bus.publish("org.bolt.internal.x", [2], by=bolt)
        bus.publish("_INBOX.acme.1", [3])
        bus.publish("platform.broadcast.news", [4])
        assert await mine.take() == [1, 3, 4]
        assert await theirs.take() == [2]


async def test_what_fits_two_patterns_of_a_listener_is_heard_once() -> None:
    bus = MemoryBus()
    async with bus.subscribe("a.>", "*.b") as some:
        bus.publish("a.b", [1])
        assert await some.take() == [1]
