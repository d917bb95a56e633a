"""`fleettui flow`, `generate flow` and `import aof`, as a shell sees them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fleettui.cli.root import cli
from fleettui.doors import SocketDoors

SEED = Path(__file__).parents[1] / "adapters" / "seed_flows"
FLOWS = str(SEED / "flows")
AGENT = (
    "apiVersion: aof.dev/v1\nkind: Agent\nmetadata: {name: k8s-ops}\n"
    "spec: {model: 'builtin:review', instructions: go, tools: [kubectl]}\n"
)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program in an empty folder, without a host."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def _run(*arguments: str) -> Result:
        doors = SocketDoors(lambda verb, values: 1, lambda *_: "")
        return CliRunner().invoke(cli, list(arguments), obj=doors)

    return _run


def explained(run: Run, *arguments: str) -> dict[str, object]:
    result = run("flow", "explain", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_explain_prints_every_candidate_with_its_score_and_why(run: Run) -> None:
    result = run(
        "flow", "explain", "--platform", "slack", "--channel", "production", "--user", "U1",
        "--flows", FLOWS, "kubectl get pods",
    )  # fmt: skip
    assert result.exit_code == 0
    first, heads, *rows = result.stdout.splitlines()
    assert first == "prod-k8s-flow takes it with 140 points: agent k8s-ops"
    assert heads.split() == ["SCORE", "FLOW", "TENANT", "AGENT", "WHY"]
    assert rows[0].split() == [
        "140", "prod-k8s-flow", "default", "k8s-ops", "channel", "+", "platform",
    ]  # fmt: skip
    assert len(rows) == 9
    assert "channel: only dev-test, qa-testing, staging" in rows[-1]
    assert "Slack is not built yet" in result.stderr


def test_explain_as_json_has_its_four_keys(run: Run) -> None:
    found = explained(
        run, "--platform", "Slack", "--channel", "#staging", "--flows", FLOWS, "hello"
    )
    assert list(found) == ["flow", "agent", "score", "candidates"]
    assert (found["flow"], found["agent"], found["score"]) == (
        "staging-dev-flow", "dev-assistant", 140,
    )  # fmt: skip
    candidates = found["candidates"]
    assert isinstance(candidates, list)
    assert {"flow", "score", "matched"} <= set(candidates[0])
    assert candidates[0]["matched"] == ["channel", "platform"]
    assert candidates[-1]["score"] == 0


def test_a_message_that_no_flow_takes(run: Run) -> None:
    found = explained(run, "--platform", "whatsapp", "--flows", FLOWS, "hello")
    assert (found["flow"], found["agent"], found["score"]) == (None, None, 0)
    config = str(SEED / "daemon-config.yaml")
    found = explained(run, "--platform", "whatsapp", "--config", config, "hello")
    assert (found["flow"], found["agent"]) == (None, "general-assistant")


def test_the_tenant_may_stand_before_the_command(run: Run) -> None:
    for arguments in (
        ("flow", "explain", "--tenant", "org-a"),
        ("--tenant", "org-a", "flow", "explain"),
    ):
        result = run(*arguments, "--platform", "slack", "--json", "--flows", FLOWS)
        assert json.loads(result.stdout)["flow"] == "org-a-flow"


def test_whatever_is_in_the_folder_the_good_flows_route(run: Run, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    for name, content in (
        ("a.yaml", b"\xff\x00"),
        ("b.yaml", b"spec: ["),
        ("c.yaml", b"kind: AgentFlow\nspec: 5\n"),
        ("d.yaml", b"apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata: {name: \x1b[31m}\n"),
    ):
        (tmp_path / "flows" / name).write_bytes(content)
    os.mkfifo(tmp_path / "flows" / "e.yaml")
    (tmp_path / "flows" / "good.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata: {name: good}\nspec: {fleet: x}\n"
    )
    result = run("flow", "explain", "--platform", "manual", "--json", "hi")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["flow"] == "good"
    assert "\x1b" not in result.stderr
    for name in "abcde":
        assert f"flows/{name}.yaml:" in result.stderr
    listed = run("flow", "ls", "--json")
    assert [one["flow"] for one in json.loads(listed.stdout)] == ["good"]
    assert "Traceback" not in listed.output


def test_a_folder_that_is_not_there_is_said(run: Run) -> None:
    result = run("flow", "ls", "--flows", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no folder nowhere, name one with --flows" in result.stderr


def test_a_generated_flow_validates_and_routes_and_is_not_written_over(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "k8s-ops.yaml").write_text(AGENT)
    begin = ("generate", "flow", "--from-agent", "agents/k8s-ops.yaml")
    order = (*begin, "--output", "flows/prod/k8s-flow.yaml")
    made = run(*order)
    assert made.exit_code == 0
    assert made.stderr == "wrote flows/prod/k8s-flow.yaml: flow k8s-flow, for agent k8s-ops\n"
    assert run("validate", "--strict", "flows").exit_code == 0
    found = explained(run, "--platform", "manual", "hello")
    assert (found["flow"], found["agent"]) == ("k8s-flow", "k8s-ops")
    path = tmp_path / "flows/prod/k8s-flow.yaml"
    path.write_text("mine")
    again = run(*order)
    assert again.exit_code == 1
    assert "is there already, name another file, or give --force" in again.stderr
    assert path.read_text() == "mine"
    assert run(*order, "--force").exit_code == 0
    assert "kubectl delete" in path.read_text()


def test_an_import_says_what_becomes_of_each_file_and_writes_nothing_elsewhere(
    run: Run, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    (old / "agents").mkdir(parents=True)
    (old / "agents" / "a.yaml").write_text(AGENT.replace("aof.dev/v1", "aof.sh/v1alpha1"))
    (old / "trigger.yaml").write_text("apiVersion: aof.dev/v1\nkind: Trigger\n")
    (old / "flow.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata: {name: f}\nspec:\n"
        "  trigger: {type: Slack, config: {patterns: [x]}}\n  agents: [{name: a}]\n"
    )
    before = {path: path.read_bytes() for path in old.rglob("*.yaml")}
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "agents").symlink_to(outside)
    result = run("import", "aof", "old", "--output", "new", "--json")
    assert result.exit_code == 0
    found = {one["file"]: one for one in json.loads(result.stdout)}
    assert {name: one["status"] for name, one in found.items()} == {
        "agents/a.yaml": "differs", "flow.yaml": "differs", "trigger.yaml": "refused",
    }  # fmt: skip
    assert "(?i)" in found["flow.yaml"]["notes"][0]["text"]
    assert list(outside.iterdir()) == []
    assert "lies outside new" in result.stderr
    assert sorted(path.name for path in (tmp_path / "new").rglob("*.yaml")) == ["flow.yaml"]
    assert {path: path.read_bytes() for path in old.rglob("*.yaml")} == before
    (tmp_path / "new" / "agents").unlink()
    assert run("import", "aof", "old", "--output", "new", "--force").exit_code == 0
    assert (tmp_path / "new/agents/a.yaml").read_text() == AGENT
