"""Every entry of the bypass corpus, in both profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fleettui.core.policy.judge import judge_command, judge_script
from fleettui.core.policy.judgement import Judgement
from fleettui.core.policy.rules import PolicyRules, policy_rules

CORPUS: dict[str, Any] = yaml.load(
    Path(__file__).with_name("policy_corpus").joinpath("bypass_corpus.yaml").read_text("utf-8"),
    Loader=yaml.CSafeLoader,
)
EXPECTED = {"require_approval": "ask", "deny": "deny", "allow": "allow"}


def ops() -> PolicyRules:
    profile = CORPUS["profiles"]["ops"]
    return policy_rules(
        require_approval=profile["require_for"],
        chain_rules=[(rule["pattern"], rule["chain"]) for rule in profile["rules"]],
        chains={chain["name"]: chain["require"] for chain in profile["chains"]},
        otherwise="allow",
        unanalysable="ask",
        malformed="deny",
    )


def dev() -> PolicyRules:
    allowed = CORPUS["profiles"]["dev"]["allowed_commands"]
    return policy_rules(
        allow=[f"{tool} {verb} *" for tool, verbs in allowed.items() for verb in verbs],
        otherwise="deny",
        unanalysable="deny",
    )


PROFILES = {"ops": ops(), "dev": dev()}


def judged(entry: dict[str, Any], profile: str) -> Judgement:
    if entry["mode"] == "argv":
        return judge_command(
            tuple(entry["argv"] if "argv" in entry else entry["cmd"]), PROFILES[profile]
        )
    return judge_script(entry["cmd"], PROFILES[profile])


def cases(tier: int) -> list[tuple[dict[str, Any], str]]:
    return [
        (entry, profile)
        for entry in CORPUS["entries"]
        if entry["tier"] == tier
        for profile in PROFILES
    ]


@pytest.mark.parametrize(
    ("entry", "profile"), cases(1), ids=lambda part: part if isinstance(part, str) else part["id"]
)
def test_tier_one_is_judged_as_written(entry: dict[str, Any], profile: str) -> None:
    judgement = judged(entry, profile)
    assert judgement.decision == EXPECTED[entry["expect"][profile]], judgement
    if profile == "ops" and "chain" in entry:
        assert judgement.chain == entry["chain"]


def test_nine_of_ten_of_tier_two_are_judged_as_written() -> None:
    tier = cases(2)
    right = [
        judged(entry, profile).decision == EXPECTED[entry["expect"][profile]]
        for entry, profile in tier
    ]
    assert sum(right) >= 0.9 * len(tier)


def test_nothing_marked_allow_is_stopped() -> None:
    stopped = [
        (entry["id"], profile)
        for entry in CORPUS["entries"]
        for profile in PROFILES
        if entry["expect"][profile] == "allow" and judged(entry, profile).decision != "allow"
    ]
    assert stopped == []
