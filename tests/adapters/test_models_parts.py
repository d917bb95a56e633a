"""The small parts of the model adapters: frames, events, pace, redaction, waiting times."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.adapters.models.failure import retry_after
from fleettui.adapters.models.frames import UP, Delta, FrameTooLarge, pack, read_body
from fleettui.adapters.models.pace import Pace
from fleettui.adapters.models.redact import CUT, SHAPES, redact
from fleettui.adapters.models.slim.sse import Events, EventTooLarge

TOKENS = [
    "sk-ant-api03-abcdefghijklmnop",
    "sk-proj-abcdefghijklmnop1234",
    "sk-abcdefghijklmnopqrstuv",
    "AIzaSyA1234567890abcdefghijklmnopqrstu",
    "gsk_abcdefghijklmnopqrstuvwxyz",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_abcdefghijklmnopqrstuvwxyz0123456789",
    "glpat-abcdefghijklmnopqrst",
    "xoxb-123456789012-abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "hf_abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "sk_live_abcdefghijklmnop1234",
    "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345",
]


@pytest.mark.parametrize("token", TOKENS)
def test_what_looks_like_a_token_is_cut_out(token: str) -> None:
    assert redact(f"before {token} after") == f"before {CUT} after"


def test_there_are_forty_shapes() -> None:
    assert len(SHAPES) == 40


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh1234",
        '{"x-api-key": "abcdefgh1234"}',
        "https://host/v1?api_key=abcdefgh1234&x=1",
        "https://user:abcdefgh1234@host/",
    ],
)
def test_what_is_named_a_key_is_cut_out(text: str) -> None:
    assert "abcdefgh1234" not in redact(text)


def test_the_keys_in_use_are_cut_out_also_when_they_are_quoted() -> None:
    assert redact("key my/odd+secret, my%2Fodd%2Bsecret", ["my/odd+secret"]) == (
        f"key {CUT}, {CUT}"
    )


@pytest.mark.parametrize(
    "text",
    ["the task-based risk-assessment", "a skill", "def function(x): return x[1:2]", "sk-1"],
)
def test_plain_words_stay(text: str) -> None:
    assert redact(text) == text


async def test_a_frame_comes_back_as_it_was() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(pack(Delta(7, "tëxt")))
    reader.feed_eof()
    body = await read_body(reader)
    assert body is not None
    assert UP.decode(body) == Delta(7, "tëxt")
    assert await read_body(reader) is None


async def test_a_frame_that_was_cut_is_the_end() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(pack(Delta(7, "text"))[:-1])
    reader.feed_eof()
    assert await read_body(reader) is None


async def test_both_sides_refuse_a_frame_over_the_cap() -> None:
    with pytest.raises(FrameTooLarge):
        pack(Delta(1, "x" * 100), most=50)
    reader = asyncio.StreamReader()
    reader.feed_data(b"\xff\xff\xff\xff")
    with pytest.raises(FrameTooLarge):
        await read_body(reader)


STREAM = (
    b'\xef\xbb\xbf: hi\r\n\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: x\ndata:b\n\nid: 3\n\ndata: c'
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    events = Events()
    found = []
    for start, end in itertools.pairwise(places):
        found += events.feed(STREAM[start:end])
    assert [*found, *events.end()] == ['{"a":\n1}', "b", "c"]


def test_an_endless_line_is_refused() -> None:
    events = Events()
    events.feed(b"x" * (4 << 20))
    with pytest.raises(EventTooLarge):
        events.feed(b"x")


async def test_pieces_within_an_interval_leave_together_and_none_is_lost() -> None:
    sent: list[str] = []

    async def emit(text: str) -> None:
        sent.append(text)

    async with Pace(emit, interval=3600) as pace:
        pace.add("a")
        while not sent:
            await asyncio.sleep(0)
        for piece in "bcd":
            pace.add(piece)
    assert sent == ["a", "bcd"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "4"}, 4.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_the_time_to_wait_may_be_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    wait = retry_after({"Retry-After": soon})
    assert wait is not None
    assert 0 < wait <= 90
