"""Patterns that can take exponential time are told from those that can't."""

import pytest

from fleettui.core.spec.pattern import pattern_problem

SLOW = [
    "^(a+)+$", "(a*)*b", "(.*)*", r"(\w+\s?)*$", "([a-z]+)*@", "(?:x+x+)+y", "(a|a|b|ab)*$",
    "(a|aa)+$", r"^(\s*\w+\s*)+$", "(a{1,30}){1,30}", "(?=(a+)+)b", r"(\d+|[0-9]+)*x", "(a?a?)*b",
]  # fmt: skip
FAST = [
    "^(incident|outage|alert|page)", "CRITICAL|HIGH|URGENT", r"(\w+\s)+x", "(a|b)*c", "(ab*c)+",
    r"(\d+,)*\d+", ".*foo.*bar", "(x(y+)z|w)*", r"^\s*kubectl\s+(get|describe)\s+\S+$", "a" * 400,
]  # fmt: skip


@pytest.mark.parametrize("pattern", SLOW)
def test_slow_pattern_is_refused(pattern: str) -> None:
    assert "exponential time" in pattern_problem(pattern)


@pytest.mark.parametrize("pattern", FAST)
def test_fast_pattern_is_accepted(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


@pytest.mark.parametrize("pattern", ["", "(", "[z-a]", "*", "a" * 501])
def test_pattern_that_is_none_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern)
