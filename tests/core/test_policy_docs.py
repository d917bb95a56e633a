"""The table of examples in docs/policy.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fleettui.core.policy.judge import judge_command
from fleettui.core.policy.rules import policy_rules

PAGE = Path(__file__).parents[2].joinpath("docs", "policy.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\w+) \| `([^`]+)` \| `([^`]+)` \| (yes|no) \|$", PAGE, re.MULTILINE)


def test_the_page_has_a_table_of_examples() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize(("which", "pattern", "action", "matches"), ROWS)
def test_the_pages_examples_hold(which: str, pattern: str, action: str, matches: str) -> None:
    rules = policy_rules(
        allow=[pattern] if which == "allow" else [],
        require_approval=[pattern] if which == "require_approval" else [],
        deny=[pattern] if which == "deny" else [],
    )
    judged = judge_command(tuple(shlex.split(action)), rules)
    assert (judged.rule == f"{which}: {pattern}") is (matches == "yes"), judged
