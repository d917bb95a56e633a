"""Which secrets an agent is given, and what they may be called."""

from __future__ import annotations

import pytest

from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.secrets import check_name, check_tenant, granted, variable_of
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.agent_rules import agent_faults

THERE = ("agent-ssh-a", "agent-ssh-b", "github-token", "npm")


def test_a_list_of_names_globs_and_variables_gives_just_those() -> None:
    wanted = AgentSpec.model_validate(
        {"secrets": ["github-token", "agent-ssh-*", {"npm": "NODE_AUTH_TOKEN"}]}
    ).secrets
    assert granted(wanted, THERE, "default") == {
        "GITHUB_TOKEN": "github-token",
        "AGENT_SSH_A": "agent-ssh-a",
        "AGENT_SSH_B": "agent-ssh-b",
        "NODE_AUTH_TOKEN": "npm",
    }


def test_a_mapping_says_variables_and_null_is_the_usual_one() -> None:
    wanted = AgentSpec.model_validate({"secrets": {"github-token": "GH", "npm": None}}).secrets
    assert granted(wanted, THERE, "default") == {"GH": "github-token", "NPM": "npm"}


def test_nothing_is_given_that_no_list_names() -> None:
    assert granted({}, THERE, "default") == {}
    assert granted({"other-*": ""}, THERE, "default") == {}


def test_a_named_secret_that_is_not_set_is_refused_with_the_command_that_sets_it() -> None:
    with pytest.raises(ToolFailed, match="fleettui secret set --tenant acme missing"):
        granted({"missing": ""}, THERE, "acme")


def test_a_secret_that_the_tenants_file_does_not_list_is_no_secret_that_is_not_set() -> None:
    with pytest.raises(ToolFailed, match="the file of tenant acme does not list the secret 'npm'"):
        granted({"npm": ""}, [], "acme", ["agent-ssh-*"])


def test_two_secrets_never_become_one_variable() -> None:
    with pytest.raises(ToolFailed, match="both become A_B"):
        granted({"a*": ""}, ("a-b", "a_b"), "default")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "../x", "a=b", "path", "ld-preload", "é"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        check_name(name)


def test_a_value_behind_a_name_is_not_repeated() -> None:
    with pytest.raises(Refused) as refused:
        check_name("token=canary")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("tenant", ["", "A", "a_b", "a/b", "..", "-a", "a-", "a" * 64])
def test_a_tenant_that_is_none_is_refused(tenant: str) -> None:
    with pytest.raises(Refused):
        check_tenant(tenant)


@pytest.mark.parametrize(
    ("name", "variable"), [("github-token", "GITHUB_TOKEN"), ("1pass.x", "_1PASS_X")]
)
def test_the_usual_variable(name: str, variable: str) -> None:
    assert variable_of(name) == variable


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"secrets": ["a/b"]}, "is no name of a secret"),
        ({"secrets": [{"a-*": "A"}]}, "may be several secrets"),
        ({"secrets": [{"a": "A B"}]}, "is no name of a variable"),
        ({"secrets": [{"a": "LD_PRELOAD"}]}, "says how programs run"),
        ({"secrets": ["a-b", "a_b"]}, "would both become A_B"),
        ({"secrets": ["a"], "environment": {"A": "x"}}, "environment sets too"),
        ({"environment": {"A": "${secret:b}"}}, "is not in this agent's secrets"),
        (
            {"mcp_servers": [{"name": "m", "headers": {"X": "Bearer ${secret:b}"}}]},
            "is not in this agent's secrets",
        ),
    ],
)
def test_a_list_that_can_not_be_right_is_refused(fields: dict[str, object], said: str) -> None:
    spec = {"model": "openai:x", "instructions": "x", **fields}
    assert any(said in fault.message for fault in agent_faults(spec, ()))


def test_a_list_that_is_right_is_taken() -> None:
    spec = {
        "model": "openai:x",
        "instructions": "x",
        "secrets": ["a", "b-*", {"c": "OTHER"}],
        "environment": {"X": "${secret:a}", "Y": "${secret:b-1}"},
    }
    assert list(agent_faults(spec, ())) == []
