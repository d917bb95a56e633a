"""No spelling of a secret stays in a text, however it comes; nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.commands import CastVote, FinishTurn, NoteTrouble, RecordStep
from fleettui.core.model import Payload, ToolCall
from fleettui.engine.redaction import Redaction

CANARY = 'canary-"Zx9/é +1'
PEM = "-----BEGIN KEY-----\nAAAAfirstline1\nBBBBsecondline\n-----END KEY-----"
ONE = Redaction([("tok", CANARY), ("pem", PEM)])


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        json.dumps(CANARY),
        json.dumps(CANARY, ensure_ascii=False),
        repr(CANARY),
        html.escape(CANARY),
        quote(CANARY),
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        re.sub("%..", lambda found: found[0].lower(), quote(CANARY, safe="")),
        CANARY.encode().hex(),
        CANARY.encode().hex().upper(),
        b64(CANARY),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
        b64(f"u:{CANARY}"),
        b64(f"me:{CANARY}:x"),
        b64(f"abc:{CANARY}"),
        PEM,
        "the line AAAAfirstline1 alone",
        json.dumps(PEM),
    ],
)
def test_every_spelling_is_cut_out(written: str) -> None:
    found = ONE.text(f"before {written} after")
    assert "[secret " in found
    assert found.startswith("before ")
    assert found.endswith(" after")
    parts = ("canary", "firstline", "secondline", b64(CANARY)[4:20], CANARY.encode().hex()[8:24])
    assert not any(part in found for part in parts)


def test_a_text_without_one_is_the_same_text() -> None:
    text = "nothing of interest [secret of life]"
    assert ONE.text(text) is text
    command = NoteTrouble("f", "a", text)
    assert ONE.command(command) is command


def test_a_short_value_is_found_as_a_word_only() -> None:
    short = Redaction([("s", "hunter2")])
    assert short.text("hunter2 hunter22 xhunter2") == "[secret s] hunter22 xhunter2"


@given(st.lists(st.integers(0, 80)), st.sampled_from([CANARY, PEM, "AAAAfirst", "canary-", "no"]))
def test_a_stream_says_what_the_whole_text_says_wherever_it_is_cut(
    cuts: list[int], written: str
) -> None:
    text = f"xx {written} yy {CANARY}{written}"
    flow, shown, at = ONE.flow(), "", 0
    for cut in sorted({*cuts, len(text)}):
        shown += flow.feed(text[at:cut])
        at = max(at, cut)
        assert 'canary-"Zx9/é +1' not in shown
    assert shown + flow.end() == ONE.text(text)


def test_a_stream_holds_back_no_more_than_it_must() -> None:
    flow = ONE.flow()
    assert flow.feed("hello can") == "hello "
    assert flow.feed("dle") == "candle"


def test_a_text_cut_off_in_the_middle_of_a_value_ends_before_it() -> None:
    assert ONE.piece(f"out: {CANARY[:10]}") == "out: [secret tok]"


def test_a_command_is_cleaned_throughout_and_its_ids_stay() -> None:
    call = ToolCall("c1", "run", {"argv": ["echo", CANARY], CANARY: 1})
    step = RecordStep("f", "f/1", 1, Payload(f"say {CANARY}", 40), (call,))
    clean = ONE.command(step)
    assert CANARY not in str(clean)
    assert b"canary" not in msgspec.json.encode(clean)
    assert (clean.fleet, clean.turn, clean.step) == ("f", "f/1", 1)
    assert clean.content == Payload("say [secret tok]", len("say [secret tok]"))
    assert clean.calls[0].arguments == {"argv": ["echo", "[secret tok]"], "[secret tok]": 1}


SHORT = Redaction([("s", "hunter2"), ("q", 'a"b\\c'), ("tok", CANARY)])
PARTS = ["hunter2", "\n", "\t", '"', "\\", " ", "x", CANARY, 'a"b\\c', "é", "\x01"]


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_no_command_passes_that_has_one_in_a_text(text: str) -> None:
    command = NoteTrouble("f", "a", text)
    assert SHORT.command(command) == SHORT.anything(command)


def test_a_name_of_ours_stays_even_if_a_secret_is_the_same_word() -> None:
    odd = Redaction([("s", "reviewer"), ("t", "approve-all")])
    vote = CastVote("f", "reviewer", "approve-all", None, "reviewer says approve-all")
    assert odd.command(vote).turn == "reviewer"
    assert odd.command(vote).reason == "[secret s] says [secret t]"


def test_a_large_text_that_is_a_blob_keeps_its_size() -> None:
    done = FinishTurn("f", "f/1", Payload(f"{CANARY} head", 90_000, "d" * 64))
    assert ONE.command(done).output == Payload("[secret tok] head", 90_000, "d" * 64)
