"""Lines keep their columns, whatever a text is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fleettui.core.errors import BadSpec
from fleettui.core.safe import sanitize
from fleettui.tui.amounts import age, left, money, tokens
from fleettui.tui.blocks import Block
from fleettui.tui.filters import fits, parse_filter
from fleettui.tui.parts import Part, clip, fit, fit_right, spread, width_of, wrap
from fleettui.tui.themes import load_theme, shipped_themes

TEXTS = st.text(max_size=60)


@given(TEXTS, st.integers(1, 40))
def test_a_fitted_text_has_exactly_its_width(text, width):
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit_right(text, width)) == width


@given(TEXTS, st.integers(2, 40))
def test_wrapping_leaves_nothing_out_and_no_line_too_wide(text, width):
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines) == sanitize(text).replace("\n", "")


@given(TEXTS, TEXTS, st.integers(1, 60))
def test_a_spread_line_has_its_width(first, second, width):
    line = spread((Part(sanitize(first).replace("\n", " ")),), (Part(fit(second, 5)),), width)
    assert width_of(line) == width
    assert width_of(clip(line, width // 2)) <= width // 2


def test_a_gutter_stands_before_every_line():
    lines = Block("a b c\nrisk none", gutter=(Part("| "),)).lines(8)
    assert all(line[0].text == "| " for line in lines)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (age(42), "42s"), (age(252), "4m12"), (age(252, fine=False), "4m"), (age(9000), "2h30"),
        (age(200000), "2d"), (age(5, fine=False), "<1m"), (left(648), "10:48"), (left(59), "0:59"),
        (money(None), "?"), (money(0.0), "$0.00"), (tokens(840), "840"), (tokens(21400), "21k"),
        (tokens(1_250_000), "1.2M"),
    ],
)  # fmt: skip
def test_amounts_are_short(said, words):
    assert said == words


def test_a_filter_needs_every_word():
    fields = {"st": "need waiting", "agent": "security-1"}
    assert fits(parse_filter("st:need sec"), fields)
    assert not fits(parse_filter("st:need !sec"), fields)
    assert not fits(parse_filter("tenant:acme"), fields)
    assert fits(parse_filter(""), fields)


def shipped() -> list[Path]:
    return sorted(shipped_themes().glob("*.yaml"))


@pytest.mark.parametrize("file", shipped(), ids=[file.stem for file in shipped()])
def test_every_shipped_theme_loads(file):
    assert load_theme(file).name == file.stem


def test_a_file_that_is_no_theme_says_so(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nprimary: not-a-colour\n")
    with pytest.raises(BadSpec, match="is no theme"):
        load_theme(file)
