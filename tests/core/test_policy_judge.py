"""Facts and commands judged by a fleet's rules."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.model import Facts
from fleettui.core.policy.judge import judge, judge_command, judge_script, risks_of
from fleettui.core.policy.pattern import parse_pattern
from fleettui.core.policy.rules import DEFAULT_RULES, Saved, policy_rules


def run(*argv: str, **more: str) -> Facts:
    return Facts(tool="run", arguments={"argv": list(argv)}, argv=argv, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tool", ["read_file", "list_files", "search", "git_diff", "git_log", "git_show", "lint",
             "submit_result", "send_message"],
)  # fmt: skip
def test_what_only_reads_is_allowed(tool: str) -> None:
    facts = Facts(tool=tool, arguments={"path": "a.py"}, risks=("read",))
    assert judge(facts, DEFAULT_RULES, agent="a").decision == "allow"


@pytest.mark.parametrize(
    "facts",
    [
        Facts(tool="write_file", arguments={"path": "a.py"}, risks=("write",)),
        Facts(tool="read_file", arguments={"path": ".env"}, risks=("read", "secret")),
        Facts(tool="read_file", arguments={"path": "a"}, risks=("read",), problem="gone"),
        Facts(tool="some_mcp_tool", arguments={}),
        Facts(tool="run", arguments={}),
        run("git", "notes", "--ref=fleettui", "add", "-f", "-F", "report.md", "HEAD"),
        run("cat", "/etc/shadow"),
        run("ls", problem="no such folder"),
        run("unheard-of"),
        run("./ls"),
    ],
    ids=lambda facts: " ".join((facts.tool, *facts.argv)),
)
def test_all_else_is_asked(facts: Facts) -> None:
    expected = "deny" if facts.tool == "run" and not facts.argv else "ask"
    assert judge(facts, DEFAULT_RULES, agent="a").decision == expected


def test_a_shell_script_is_judged_by_its_commands() -> None:
    facts = Facts(tool="shell", arguments={"script": "ls && git push --force"})
    rules = policy_rules(deny=["git push --force"])
    assert judge(facts, rules, agent="a").decision == "deny"


def test_a_link_is_judged_by_the_program_it_leads_to() -> None:
    rules = policy_rules(deny=["rm"], otherwise="allow")
    assert judge(run("ls", "x", program="/usr/bin/rm"), rules, agent="a").decision == "deny"


def test_deny_beats_ask_beats_allow() -> None:
    every = policy_rules(allow=["git *"], require_approval=["git push"], deny=["git push origin"])
    assert judge_command(("git", "fetch"), every).decision == "allow"
    assert judge_command(("git", "push"), every).decision == "ask"
    assert judge_command(("git", "push", "origin"), every).decision == "deny"


def test_a_saved_answer_holds_for_its_agent_only() -> None:
    rules = policy_rules(saved=[Saved("pytest -q", "tester")])
    assert judge(run("pytest", "-q"), rules, agent="tester").decision == "allow"
    assert judge(run("pytest", "-q"), rules, agent="other").decision == "ask"


def test_always_saves_a_pattern_that_allows_exactly_this() -> None:
    asked = judge(run("make", "all"), DEFAULT_RULES, agent="a")
    rules = policy_rules(saved=[Saved(asked.always, "a")])
    assert judge(run("make", "all"), rules, agent="a").decision == "allow"
    assert judge(run("make", "all", "clean"), rules, agent="a").decision == "ask"


@pytest.mark.parametrize(
    "argv", [("rm", "-rf", "x"), ("cat", "/etc/passwd"), ("unheard", "*"), ("git", "push", "-f")]
)
def test_always_is_not_offered_for_what_destroys_reveals_or_widens(argv: tuple[str, ...]) -> None:
    assert judge(run(*argv), DEFAULT_RULES, agent="a").always == ""


def test_an_ask_that_a_rule_demands_offers_no_always() -> None:
    rules = policy_rules(require_approval=["make"])
    assert judge(run("make", "all"), rules, agent="a").always == ""


@pytest.mark.parametrize(
    "text", ["", "  ", "*", "* rm", "'*' *", "rm '", "?", "git\x1b", "a|b", "$x"]
)
def test_a_pattern_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_pattern(text)


def test_a_chain_that_is_not_defined_is_refused() -> None:
    with pytest.raises(Refused, match="critical"):
        policy_rules(chain_rules=[("rm", "critical")], chains={"standard": 1})


@pytest.mark.parametrize(
    ("argv", "risk"),
    [
        (("ls",), "read"),
        (("touch", "x"), "write"),
        (("curl", "https://example.org"), "network"),
        (("cat", "id_rsa"), "secret"),
        (("rm", "-r", "x"), "destructive"),
        (("sudo", "git", "clean", "-f"), "destructive"),
        (("sh", "-c", "rm -rf x"), "destructive"),
        (("aws", "ec2", "terminate-instances"), "destructive"),
        (("unheard-of",), "write"),
    ],
)
def test_risks_are_told_from_the_words(argv: tuple[str, ...], risk: str) -> None:
    assert risk in risks_of(argv)


@pytest.mark.parametrize("script", ["\\\n", "\\\n\\\n ", "&", "x=1", ">f", "{}", "()", "#"])
def test_a_script_without_a_command_is_not_allowed(script: str) -> None:
    assert judge_script(script, policy_rules(otherwise="allow")).decision != "allow"


@pytest.mark.parametrize("nested", [9, 200])
def test_what_is_wrapped_too_deep_is_asked(nested: int) -> None:
    argv = ("nohup",) * nested + ("ls",)
    assert judge_command(argv, policy_rules(otherwise="allow")).decision == "ask"


def test_a_cap_means_ask() -> None:
    rules = policy_rules(otherwise="allow")
    assert judge_script("ls; " * 2_000 + "ls", rules).decision == "ask"
    assert judge_script("ls " + "x" * 70_000, rules).decision == "ask"
    assert judge_command(("ls", "x" * 70_000), rules).decision == "ask"


WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "sh",
            "-c",
            "-lc",
            "env",
            "-S",
            "sudo",
            "xargs",
            "find",
            "-exec",
            ";",
            "{}",
            "+",
            "rm",
            "-rf",
            "kubectl",
            "exec",
            "--",
            "delete",
            "git",
            "push",
            "-c",
            "a=b",
            "timeout",
            "5",
            "docker",
            "run",
            "$x",
            "*",
            "[",
            "]",
            "(",
            ")",
            "&&",
            "||",
            "|",
            "'",
            '"',
            "`",
            "<<<",
            ">",
            "\\",
            "\n",
            "-",
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=10))
@example([])
@example(["#" * 60 + "x\n\x00"])
def test_no_words_make_the_judge_fail(words: list[str]) -> None:
    rules = policy_rules(otherwise="allow", deny=["git push"], require_approval=["rm -rf"])
    assert judge_command(tuple(words), rules).decision in {"allow", "ask", "deny"}
    assert judge_script(" ".join(words), rules).decision in {"allow", "ask", "deny"}
    risks_of(tuple(words))
    with contextlib.suppress(FleettuiError):
        parse_pattern(" ".join(words))


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=6), st.sampled_from([" ", ";", "&&", "|", "$(", "`", "\n"]))
def test_a_script_that_says_rm_rf_plainly_is_never_allowed(words: list[str], joint: str) -> None:
    rules = policy_rules(otherwise="allow", require_approval=["rm -rf"])
    plain = [word for word in words if word.isalnum() and word.isascii()]
    script = " ".join(["ls", *plain, joint if joint != " " else ";", "rm -rf x"])
    assert judge_script(script, rules).decision != "allow"
