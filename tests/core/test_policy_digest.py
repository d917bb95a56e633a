"""The digest of an action, and the version of the rules."""

from __future__ import annotations

import msgspec
import pytest

from fleettui.core.model import Facts, Operand
from fleettui.core.policy.digest import action_digest, policy_version
from fleettui.core.policy.rules import Saved, policy_rules

FACTS = Facts(
    tool="run",
    arguments={"argv": ["git", "push"]},
    argv=("git", "push"),
    program="/usr/bin/git",
    program_sha256="aa",
    cwd="/w",
    cwd_inode="1:2",
    env={"PATH": "/usr/bin"},
    stdin_sha256="bb",
    operands=(Operand("/w/x.sh", "cc"),),
    risks=("write",),
    preview="diff",
    problem="",
)
CHANGED = {
    "tool": "shell",
    "arguments": {"argv": ["git", "push", "-f"]},
    "argv": ("git push",),
    "program": "/usr/local/bin/git",
    "program_sha256": "ab",
    "cwd": "/v",
    "cwd_inode": "1:3",
    "env": {"PATH": "/tmp"},
    "stdin_sha256": "bc",
    "operands": (Operand("/w/x.sh", "cd"),),
    "risks": ("write", "network"),
    "preview": "other",
    "problem": "none",
    "sandbox": "/usr/bin/bwrap",
    "summary": "push",
}
BOUND = {"tenant": "t", "fleet": "f", "agent": "a", "policy_version": "p", "nonce": "n"}


def test_every_field_of_facts_has_a_mutation() -> None:
    assert set(CHANGED) == set(Facts.__struct_fields__)


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_one_changed_fact_changes_the_digest(field: str) -> None:
    other = msgspec.structs.replace(FACTS, **{field: CHANGED[field]})
    assert action_digest(facts=other, **BOUND) != action_digest(facts=FACTS, **BOUND)


@pytest.mark.parametrize("field", sorted(BOUND))
def test_one_changed_circumstance_changes_the_digest(field: str) -> None:
    other = BOUND | {field: BOUND[field] + "x"}
    assert action_digest(facts=FACTS, **other) != action_digest(facts=FACTS, **BOUND)


def test_words_cannot_move_between_fields() -> None:
    one = action_digest(facts=FACTS, **(BOUND | {"tenant": "tf", "fleet": ""}))
    other = action_digest(facts=FACTS, **(BOUND | {"tenant": "t", "fleet": "f"}))
    assert one != other


def test_the_same_action_has_the_same_digest_whatever_order_its_maps_had() -> None:
    one = msgspec.structs.replace(FACTS, env={"A": "1", "B": "2"})
    other = msgspec.structs.replace(FACTS, env={"B": "2", "A": "1"})
    assert action_digest(facts=one, **BOUND) == action_digest(facts=other, **BOUND)


def test_the_version_of_rules_changes_with_any_of_them() -> None:
    versions = {
        policy_version(rules)
        for rules in (
            policy_rules(),
            policy_rules(allow=["ls"]),
            policy_rules(deny=["ls"]),
            policy_rules(require_approval=["ls"]),
            policy_rules(chain_rules=[("ls", "x")]),
            policy_rules(saved=[Saved("ls")]),
            policy_rules(saved=[Saved("ls", "a")]),
            policy_rules(chains={"x": 2}),
            policy_rules(otherwise="allow"),
            policy_rules(unanalysable="deny"),
            policy_rules(malformed="ask"),
        )
    }
    assert len(versions) == 11
    assert policy_version(policy_rules(deny=["a", "b"])) == policy_version(
        policy_rules(deny=["b", "a"])
    )
