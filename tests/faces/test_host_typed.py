"""What a keyboard sends becomes keys and pastes, whatever the network did to it."""

from __future__ import annotations

import asyncio

import pytest
from textual import events

from fleettui.host.typed import MOST_PASTED, Typed


class Seen(list):
    """Messages in order, with a way to wait for the next."""

    def __init__(self):
        super().__init__()
        self.more = asyncio.Event()

    def post(self, message):
        self.append(message)
        self.more.set()

    @property
    def keys(self):
        return [message.key for message in self if isinstance(message, events.Key)]

    @property
    def pastes(self):
        return [message.text for message in self if isinstance(message, events.Paste)]


@pytest.fixture
async def seen():
    return Seen()


@pytest.fixture
async def typed(seen):
    typed = Typed(seen.post)
    yield typed
    typed.close()


async def test_keys_and_sequences_become_key_events(typed, seen):
    typed.feed(b"a\x1b[A\x1b[113;5u\xc3\xa9")
    assert seen.keys == ["a", "up", "ctrl+q", "é"]


async def test_a_lone_escape_is_a_key_without_anything_following_it(typed, seen):
    typed.feed(b"\x1b")
    assert seen.keys == []
    await asyncio.wait_for(seen.more.wait(), 5)
    assert seen.keys == ["escape"]


async def test_keys_go_on_after_a_lone_escape(typed, seen):
    typed.feed(b"\x1b")
    await asyncio.wait_for(seen.more.wait(), 5)
    typed.feed(b"x\x1b[B")
    assert seen.keys == ["escape", "x", "down"]


async def test_a_character_cut_in_two_is_one_key_and_the_parser_lives(typed, seen):
    typed.feed(b"\xc3")
    typed.feed(b"\xa9b")
    assert seen.keys == ["é", "b"]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 100])
async def test_a_paste_is_one_event_however_it_was_cut(typed, seen, step):
    data = "a\x1b[200~line 1\nü \x1b[A not a key\x1b[201~b".encode()
    for start in range(0, len(data), step):
        typed.feed(data[start : start + step])
    assert seen.pastes == ["line 1\nü \x1b[A not a key"]
    assert seen.keys == ["a", "b"]


async def test_a_paste_of_a_megabyte_arrives_whole(typed, seen):
    text = "0123456789abcdef" * 65536
    data = f"\x1b[200~{text}\x1b[201~".encode()
    for start in range(0, len(data), 65536):
        typed.feed(data[start : start + 65536])
    assert seen.pastes == [text]


async def test_a_paste_over_the_cap_is_cut_there_and_keys_go_on(typed, seen):
    typed.feed(b"\x1b[200~" + b"x" * (MOST_PASTED + 1000) + b"\x1b[201~q")
    assert [len(text) for text in seen.pastes] == [MOST_PASTED]
    assert seen.keys == ["q"]


async def test_numbers_no_terminal_sends_do_not_end_the_keyboard(typed, seen):
    typed.feed(b"\x1b[99999999999u")
    typed.feed(b"k")
    assert seen.keys[-1] == "k"


async def test_after_closing_nothing_is_taken(typed, seen):
    typed.close()
    typed.feed(b"a")
    assert seen == []
