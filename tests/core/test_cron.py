"""Cron: what fits, what is refused, and what happens when clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.spec.cron import MACROS, parse_cron

BERLIN, NEW_YORK, HOWE = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))


def at(text: str, zone: ZoneInfo | None = None) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()


def due(expression: str, since: str, count: int, zone: ZoneInfo | None = None) -> list[str]:
    """Give the next times as the clock of the zone shows them."""
    cron, moment, found = parse_cron(expression), at(since, zone), []
    for _ in range(count):
        moment = cron.after(moment, zone or UTC)
        found.append(datetime.fromtimestamp(moment, zone or UTC).strftime("%m-%d %H:%M %Z"))
    return found


@pytest.mark.parametrize(
    ("expression", "since", "expected"),
    [
        ("*/20 * * * *", "2026-01-01T00:00", ["01-01 00:20", "01-01 00:40", "01-01 01:00"]),
        ("0 9-17/4 * * *", "2026-01-01T00:00", ["01-01 09:00", "01-01 13:00", "01-01 17:00"]),
        ("5,35 3 * * *", "2026-01-01T03:05", ["01-01 03:35", "01-02 03:05"]),
        ("0 0 * jan,MAR mon", "2026-01-24T00:00", ["01-26 00:00", "03-02 00:00"]),
        ("0 12 * * mon-fri", "2026-01-02T13:00", ["01-05 12:00", "01-06 12:00"]),
        ("0 12 * * fri-sun", "2026-01-02T13:00", ["01-03 12:00", "01-04 12:00", "01-09 12:00"]),
        ("0 12 * * fri-0", "2026-01-02T13:00", ["01-03 12:00", "01-04 12:00", "01-09 12:00"]),
        ("0 12 * * 7", "2026-01-02T13:00", ["01-04 12:00", "01-11 12:00"]),
        ("0 0 31 * *", "2026-01-31T00:00", ["03-31 00:00", "05-31 00:00"]),
        ("@weekly", "2026-01-01T00:00", ["01-04 00:00", "01-11 00:00"]),
        ("@yearly", "2026-01-01T00:00", ["01-01 00:00"]),
        # Either day is enough where both are named; a step from `*` names no day.
        ("0 0 13 * fri", "2026-01-01T00:00", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        ("0 0 */10 * fri", "2026-01-01T00:00", ["05-01 00:00", "07-31 00:00", "08-21 00:00"]),
    ],
)
def test_an_expression_is_due_when_cron_says(
    expression: str, since: str, expected: list[str]
) -> None:
    found = [line.removesuffix(" UTC") for line in due(expression, since, len(expected))]
    assert found == expected


def test_the_29th_of_february_is_waited_for() -> None:
    cron = parse_cron("0 0 29 2 *")
    assert cron.after(at("2096-03-01T00:00"), UTC) == at("2104-02-29T00:00")


def test_the_29th_of_february_on_a_sunday_is_found_too() -> None:
    assert parse_cron("0 0 29 2 */7").after(at("2088-03-01T00:00"), UTC) == at("2128-02-29T00:00")


def test_a_time_that_the_clock_jumps_over_is_due_once_at_the_end_of_the_jump() -> None:
    found = due("0,15,30 2 * * *", "2026-03-28T12:00", 4, BERLIN)
    assert found == ["03-29 03:00 CEST", *(f"03-30 02:{m} CEST" for m in ("00", "15", "30"))]


def test_a_time_that_the_clock_shows_twice_is_due_the_first_time() -> None:
    found = due("30 2 * * *", "2026-10-24T12:00", 2, BERLIN)
    assert found == ["10-25 02:30 CEST", "10-26 02:30 CET"]


def test_what_is_due_every_hour_goes_by_real_time_through_both_changes() -> None:
    cron = parse_cron("*/30 * * * *")
    for since in ("2026-03-29T00:00", "2026-10-25T00:00"):
        moment = at(since, BERLIN)
        for _ in range(12):
            following = cron.after(moment, BERLIN)
            assert following - moment == 1800
            moment = following


def test_a_change_of_half_an_hour_is_followed_too() -> None:
    assert due("15 2 * * *", "2026-10-03T12:00", 2, HOWE) == ["10-04 02:30 +11", "10-05 02:15 +11"]
    assert due("45 1 * * *", "2026-04-04T12:00", 2, HOWE) == [
        "04-05 01:45 +11",
        "04-06 01:45 +1030",
    ]


def test_a_day_that_a_zone_left_out_is_made_up_for_at_its_end() -> None:
    assert due("0 12 30 12 *", "2011-12-29T13:00", 1, ZoneInfo("Pacific/Apia")) == [
        "12-31 00:00 +14"
    ]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "has 0"),
        ("* * * *", "has 4"),
        ("* * * * * *", "has 6"),
        ("60 * * * *", "from 0 to 59"),
        ("* 24 * * *", "from 0 to 23"),
        ("* * 0 * *", "from 1 to 31"),
        ("* * * 13 *", "from 1 to 12"),
        ("* * * * 8", "from 0 to 7"),
        ("* * * * monday", "mon"),
        ("*/0 * * * *", "above 0"),
        ("*/x * * * *", "above 0"),
        ("5/15 * * * *", "write 5-59/15"),
        ("* 22-2 * * *", "write 22-23,0-2"),
        ("1,,2 * * * *", "''"),
        ("+1 * * * *", "'+1'"),
        ("1_0 * * * *", "'1_0'"),
        ("\u0661 * * * *", "minute"),
        ("0 0 31 2,4 *", "never"),
        ("@reboot", "@daily"),
        ("0 0 L * *", "'l'"),
    ],
)
def test_what_is_no_cron_is_refused_with_what_to_write(expression: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_cron(expression)


@given(
    macro=st.sampled_from([*MACROS, "*/7 3,4 1-9/2 * mon-fri", "30 2 * * *", "59 1 29 2 sun"]),
    moment=st.floats(0, 4e9),
    zone=st.sampled_from([UTC, BERLIN, NEW_YORK, HOWE]),
)
def test_the_next_time_is_after_the_moment_and_nothing_lies_between(macro, moment, zone) -> None:
    cron = parse_cron(macro)
    following = cron.after(moment, zone)
    assert following > moment
    # Asked from just before it, it is the same; asked from it, a later one.
    assert cron.after(following - 0.5, zone) == following
    assert cron.after(following, zone) > following
    shown, before = (datetime.fromtimestamp(one, zone) for one in (following, following - 60))
    jumped = before.utcoffset() != shown.utcoffset()
    assert jumped or (shown.minute in cron.minutes and cron.fits_day(shown.date()))
