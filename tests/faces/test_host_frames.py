"""Frames and hello: whole again however they were cut, and refused when they are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.errors import Refused
from fleettui.host.frames import (
    HEADER,
    FrameReader,
    end_frame,
    frame,
    pieces,
    read_end,
    read_size,
    size_frame,
)
from fleettui.host.hello import Hello, hello_frame, read_hello

FRAMES = st.lists(st.tuples(st.sampled_from([b"D", b"R", b"Q"]), st.binary(max_size=200)))


@given(FRAMES, st.lists(st.integers(1, 50)))
def test_frames_are_whole_again_however_they_were_cut(frames, cuts):
    stream = b"".join(frame(kind, body) for kind, body in frames)
    reader, read = FrameReader(), []
    for cut in cuts:
        read += reader.feed(stream[:cut])
        stream = stream[cut:]
    read += reader.feed(stream)
    assert read == frames


def test_a_frame_over_the_limit_is_refused_before_its_body_is_read():
    with pytest.raises(Refused, match="over the limit"):
        FrameReader(100).feed(b"D" + (101).to_bytes(4, "big"))


def test_a_long_text_is_cut_into_frames_that_give_it_back():
    text = bytes(range(256)) * 1000
    frames = FrameReader().feed(pieces(b"D", text))
    assert len(frames) > 1
    assert b"".join(body for _, body in frames) == text


@pytest.mark.parametrize(
    ("columns", "rows", "held"), [(120, 36, (120, 36)), (0, 0, (1, 1)), (9999, 9999, (1000, 500))]
)
def test_a_size_is_held_between_one_cell_and_what_can_be_drawn(columns, rows, held):
    assert read_size(size_frame(b"R", columns, rows)[HEADER:]) == held


@pytest.mark.parametrize("body", [b"", b"80", b"80x24", b"-1 5", b"a b", b"1 2 3"])
def test_a_size_that_is_not_two_numbers_is_refused(body):
    with pytest.raises(Refused):
        read_size(body)


def test_an_end_carries_its_code_and_every_line_of_its_message():
    assert read_end(end_frame(3, "a:1:1: error\nb c")[HEADER:]) == (3, "a:1:1: error\nb c")


def test_a_hello_gives_back_what_it_was_made_of():
    environment = {"TERM": "xterm", "A": "x=y\n", "BYTES": "\udcff", "EMPTY": ""}
    hello = Hello(80, 24, "/f.yaml", "code", "/w", "main~3", "one", environment=environment)
    assert read_hello(hello_frame(hello)[HEADER:]) == hello


def test_an_environment_too_large_for_a_frame_is_cut_and_the_rest_arrives():
    environment = {"TERM": "xterm"} | {f"V{number}": "x" * 100_000 for number in range(20)}
    body = hello_frame(Hello(80, 24, "/f.yaml", environment=environment))[HEADER:]
    assert len(body) < 1 << 20
    hello = read_hello(body)
    assert hello.term == "xterm"
    assert hello.file == "/f.yaml"


def test_a_hello_of_another_version_is_refused_with_both_versions():
    with pytest.raises(Refused, match=r"this command is 9\.9"):
        read_hello(hello_frame(Hello(80, 24, version="9.9"))[HEADER:])


@given(st.binary(max_size=300))
def test_whatever_comes_in_place_of_a_hello_is_refused(body):
    with pytest.raises(Refused):
        read_hello(body)
