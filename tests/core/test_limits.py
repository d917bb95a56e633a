"""Limits: at most so many in any stretch of a time, held against a plain count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.limits import DAY, HOUR, MINUTE, Usage

SPANS = st.sampled_from([MINUTE, HOUR, DAY])
STEPS = st.lists(st.tuples(st.floats(0, 5000), st.integers(1, 5)), min_size=1, max_size=60)


def used(taken: list[tuple[float, int]], span: float, now: float) -> int:
    return sum(amount for at, amount in taken if at > now - span)


@given(steps=STEPS, span=SPANS, later=st.floats(0, 100_000))
def test_what_was_used_is_what_a_plain_count_says(steps, span, later) -> None:
    usage, taken, now = Usage(), list[tuple[float, int]](), 1000.0
    for wait, amount in steps:
        now += wait
        usage.add(now, amount)
        taken.append((now, amount))
    assert usage.used(span, now + later) == used(taken, span, now + later)


@given(steps=STEPS, span=SPANS, most=st.integers(1, 20))
def test_there_is_room_when_it_says_and_not_a_moment_before(steps, span, most) -> None:
    usage, now = Usage(), 1000.0
    for wait, amount in steps:
        now += wait
        usage.add(now, amount)
    free_at = usage.free_at(most, span, now)
    if not free_at:
        assert usage.used(span, now) < most
    else:
        assert usage.used(span, free_at) < most <= usage.used(span, free_at - 0.01)


@given(waits=st.lists(st.floats(0, 100), min_size=1, max_size=80), most=st.integers(1, 5))
def test_whoever_keeps_to_it_never_has_more_in_any_stretch(waits, most) -> None:
    usage, now, taken = Usage(), 1000.0, list[float]()
    for wait in waits:
        now += wait
        if not usage.free_at(most, MINUTE, now):
            usage.add(now, 1)
            taken.append(now)
    for at in taken:
        assert sum(at - MINUTE < one <= at for one in taken) <= most


def test_a_clock_that_was_set_back_makes_nothing_older_and_old_times_are_forgotten() -> None:
    usage = Usage()
    usage.add(100.0, 1)
    usage.add(50.0, 1)
    assert usage.used(MINUTE, 120.0) == 2
    for number in range(5000):
        usage.add(1000.0 + number * 60, 1)
    assert len(usage.times) < 2100
    assert usage.used(HOUR, 1000.0 + 4999 * 60) == 60
