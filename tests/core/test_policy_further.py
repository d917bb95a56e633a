"""Commands of the corpus' classes that are not in it, in both profiles, as scripts and as argv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.test_policy_corpus import PROFILES
from fleettui.core.policy.judge import judge_command, judge_script
from fleettui.core.policy.rules import PolicyRules
from fleettui.core.policy.script import read_script

FURTHER: dict[str, Any] = yaml.load(
    Path(__file__).with_name("policy_corpus").joinpath("further.yaml").read_text("utf-8"),
    Loader=yaml.CSafeLoader,
)


@pytest.mark.parametrize("command", FURTHER["stopped"])
def test_it_never_runs_by_itself(command: str) -> None:
    assert judge_script(command, PROFILES["ops"]).decision != "allow"
    assert judge_script(command, PROFILES["dev"]).decision == "deny"


@pytest.mark.parametrize("command", FURTHER["allowed"])
def test_what_harms_nobody_is_not_stopped(command: str) -> None:
    assert judge_script(command, PROFILES["ops"]).decision == "allow"
    wanted = "allow" if command in FURTHER["allowed_dev"] else "deny"
    assert judge_script(command, PROFILES["dev"]).decision == wanted


def test_a_command_is_judged_alike_as_an_argv() -> None:
    for command in (*FURTHER["stopped"], *FURTHER["allowed"]):
        script = read_script(command)
        if script.problem or script.refused or len(script.commands) != 1:
            continue
        # A glob is the shell's; in an argv it is only a strange name.
        if set(command) & set("*?["):
            continue
        as_argv = judge_command(script.commands[0], PROFILES["ops"]).decision
        assert as_argv == judge_script(command, PROFILES["ops"]).decision, command


# What reads only, by the default of a fleet; and what reads what is not the agent's to read.
READS = ["ls -l", "git log -p src", "find . -name x", "grep -rn x src | head -5", "date +%s"]
REVEALS = [
    "cat /etc/shadow", "cd /etc && cat hosts", "cat ~/.ssh/id_rsa", "date -f /etc/shadow",
    "date -f/etc/shadow", "file -f/etc/shadow", "find /etc -exec cat {} +", "git show HEAD:.env",
    "git diff --no-index /etc/passwd x", "git -C /other log", "ps auxe", "grep -f/etc/x y",
    "cat ../../x", "wc --files0-from=/etc/x", "uniq a b", "iconv -o x y", "xxd a b", "file -C",
    "hostname x", "date -s 0", "sort -o x y", "sed -i 1d x", "printenv", "env",
]  # fmt: skip


@pytest.mark.parametrize("command", READS)
def test_by_default_what_only_reads_the_workspace_runs(command: str) -> None:
    assert judge_script(command, PolicyRules()).decision == "allow"


@pytest.mark.parametrize("command", REVEALS)
def test_by_default_what_reads_elsewhere_or_writes_asks(command: str) -> None:
    assert judge_script(command, PolicyRules()).decision == "ask"


@pytest.mark.parametrize("tool", ["aws", "az", "gcloud", "gsutil"])
def test_a_cloud_tool_without_any_words_is_judged_too(tool: str) -> None:
    assert judge_script(tool, PolicyRules()).decision == "ask"
