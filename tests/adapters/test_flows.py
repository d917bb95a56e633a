"""Folders of flows: the documents' nine examples, what flows name, and what is broken."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from fleettui.adapters.yaml.flows import LoadedFlows, load_flows
from fleettui.core.errors import Refused
from fleettui.core.flow import fleet_of, obstacle
from fleettui.core.policy.judge import explain
from fleettui.core.policy.rules import PolicyRules
from fleettui.core.policy.written import rules_of_fleet
from fleettui.core.routing import Incoming, Router
from fleettui.core.spec.fleet import FleetFile

SEED = Path(__file__).parent / "seed_flows" / "flows"
CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "aof"
ENVIRONMENT: Mapping[str, str] = {"KUBECONFIG_PROD": "/etc/kube/prod"}
AGENT = """apiVersion: aof.dev/v1
kind: Agent
metadata: {{name: {name}}}
spec:
  model: builtin:review
  instructions: You are {name}.
  tools: [{tools}]
"""


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    """Give a folder with the nine examples and an agent for each name in them."""
    for path in SEED.rglob("*.yaml"):
        target = tmp_path / "flows" / path.relative_to(SEED)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text())
    (tmp_path / "agents").mkdir()
    for name in (
        "k8s-ops", "incident-responder", "dev-assistant", "admin-agent", "general-assistant",
        "org-a-assistant",
    ):  # fmt: skip
        text = AGENT.format(name=name, tools="kubectl, helm, read_file")
        (tmp_path / "agents" / f"{name}.yaml").write_text(text)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def flow_text(name: str, spec: str) -> str:
    return f"apiVersion: aof.dev/v1\nkind: AgentFlow\nmetadata: {{name: {name}}}\nspec:\n{spec}"


def slack(channel: str, text: str, user: str = "U1") -> Incoming:
    return Incoming("slack", channel, user, text)


def judge(command: str, rules: PolicyRules) -> str:
    return explain(command, rules, entry="").judgement.decision


def told(loaded: LoadedFlows, severity: str = "error") -> list[str]:
    return [str(one) for one in loaded.problems if one.severity == severity]


def test_the_nine_examples_load_as_they_are_printed() -> None:
    loaded = load_flows(str(SEED), {})
    assert [flow.name for flow in loaded.flows] == [
        "admin-only-flow", "developer-flow", "org-a-flow", "incident-flow",
        "shared-assistant-slack", "shared-assistant-telegram", "shared-assistant-discord",
        "prod-k8s-flow", "staging-dev-flow",
    ]  # fmt: skip
    assert told(loaded) == []


@pytest.mark.parametrize(
    ("incoming", "flow", "agent", "score"),
    [
        (slack("production", "kubectl get pods"), "prod-k8s-flow", "k8s-ops", 140),
        (slack("sre-oncall", "an outage"), "prod-k8s-flow", "incident-responder", 140),
        (slack("staging", "anything"), "staging-dev-flow", "dev-assistant", 140),
        (slack("random", "hello", "U016ADMIN"), "admin-only-flow", "admin-agent", 120),
        (slack("production", "pod", "U016ADMIN"), "prod-k8s-flow", "k8s-ops", 140),
        (slack("random", "hello"), "developer-flow", "dev-assistant", 40),
        (slack("random", "incident: db"), "incident-flow", "incident-responder", 100),
        (slack("random", "this is URGENT"), "incident-flow", "incident-responder", 100),
        (Incoming("telegram", text="hi"), "shared-assistant-telegram", "general-assistant", 40),
        (Incoming("discord", text="hi"), "shared-assistant-discord", "general-assistant", 40),
        (slack("x", "hello")._replace(tenant="org-a"), "org-a-flow", "org-a-assistant", 40),
        (slack("x", "hello")._replace(tenant="org-b"), None, "", 0),
        (slack("random", "hello")._replace(event="message"), None, "", 0),
        (Incoming("whatsapp", text="hello"), None, "", 0),
    ],
)  # fmt: skip
def test_the_nine_examples_route_as_they_say(
    incoming: Incoming, flow: str | None, agent: str, score: int
) -> None:
    routed = Router(load_flows(str(SEED), {}).flows).route(incoming)
    found = routed.flow.name if routed.flow else None
    assert (found, routed.agent, routed.score) == (flow, agent, score)


def test_a_flow_becomes_a_fleet_with_its_context_and_approval(deployment: Path) -> None:
    loaded = load_flows(str(deployment / "flows"), ENVIRONMENT)
    flow = next(one for one in loaded.flows if one.name == "prod-k8s-flow")
    spec = FleetFile.model_validate(fleet_of(flow)).spec
    assert [entry.name for entry in spec.agents] == ["k8s-ops", "incident-responder"]
    for entry in spec.agents:
        assert entry.spec is not None
        assert entry.spec.instructions.startswith(f"You are {entry.name}.")
        assert "cluster_name: prod-us-east-1" in entry.spec.instructions
        assert entry.spec.environment == {
            "KUBECONFIG": "/etc/kube/prod", "NAMESPACE": "default", "HELM_NAMESPACE": "default",
            "CLUSTER_NAME": "prod-us-east-1",
        }  # fmt: skip
    assert spec.approval.timeout == 300
    assert spec.approval.approvers == ("U015VBH1GTZ", "U012ADMIN")
    assert spec.approval.require_for == (
        "kubectl delete", "kubectl scale --replicas=0", "helm uninstall",
    )  # fmt: skip
    assert spec.policy.allow == ()
    alone = fleet_of(flow, "k8s-ops")["spec"]["agents"]
    assert [entry["name"] for entry in alone] == ["k8s-ops"]


def test_nobody_is_asked_in_staging_and_everybody_in_production(deployment: Path) -> None:
    path = deployment / "flows" / "staging-cluster" / "dev-flow.yaml"
    flow = load_flows(str(path), {}).flows[0]
    made = FleetFile.model_validate(fleet_of(flow)).spec
    free = rules_of_fleet(made)
    for command in ("kubectl apply -f x.yaml", "kubectl delete pod x", "helm uninstall x"):
        assert judge(command, free) == "allow", command
    assert judge("git push", free) == "ask"
    path.write_text(path.read_text().replace("environment: staging", "environment: production"))
    loaded = load_flows(str(path), {})
    assert any(
        "approval is off for a flow labelled production" in one for one in told(loaded, "warning")
    )
    watched = rules_of_fleet(FleetFile.model_validate(fleet_of(loaded.flows[0])).spec)
    assert judge("kubectl apply -f x.yaml", watched) == "ask"


def test_tools_of_a_flow_stand_in_the_place_of_the_agents_own(deployment: Path) -> None:
    flow = load_flows(str(deployment / "flows/enterprise/developer-flow.yaml"), {}).flows[0]
    (entry,) = fleet_of(flow)["spec"]["agents"]
    assert entry["spec"]["tools"] == ["kubectl"]
    assert entry["spec"]["tool_config"] == {
        "kubectl": {"allowed_commands": ["get", "describe", "logs"]}
    }


def test_a_flow_whose_agent_is_nowhere_routes_and_says_that_it_cannot_run(tmp_path: Path) -> None:
    write(tmp_path / "flows/a.yaml", flow_text("a", "  agents: [{name: ghost}]\n"))
    loaded = load_flows(str(tmp_path / "flows"), {})
    assert Router(loaded.flows).route(Incoming("slack")).agent == "ghost"
    assert "no file has an agent 'ghost'" in told(loaded, "warning")[0]
    assert "write agents/ghost.yaml" in obstacle(loaded.flows[0])
    with pytest.raises(Refused, match="needs agent 'ghost'"):
        fleet_of(loaded.flows[0])


def test_an_agent_is_found_in_the_file_beside_it_above_it_and_among_the_flows(
    tmp_path: Path,
) -> None:
    for name, place in (
        ("beside", "flows/prod/agents/x.yaml"),
        ("above", "agents/deep/x.yaml"),
        ("among", "flows/other/x.yaml"),
    ):
        write(tmp_path / place, AGENT.format(name=name, tools=""))
    listed = "".join(
        f"  - {{name: {name}, patterns: [x]}}\n" for name in ("beside", "above", "among", "own")
    )
    write(
        tmp_path / "flows/prod/f.yaml",
        flow_text("f", f"  agents:\n{listed}") + "---\n" + AGENT.format(name="own", tools=""),
    )
    loaded = load_flows(str(tmp_path / "flows"), {})
    assert loaded.problems == ()
    assert set(loaded.flows[0].agents) == {"beside", "above", "among", "own"}
    agents = fleet_of(loaded.flows[0])["spec"]["agents"]
    assert [entry["spec"]["model"] for entry in agents] == ["builtin:review"] * 4


def test_the_folder_that_is_given_is_the_one_that_counts(tmp_path: Path) -> None:
    write(tmp_path / "agents/x.yaml", AGENT.format(name="x", tools="").replace("You are", "Not"))
    write(tmp_path / "elsewhere/x.yaml", AGENT.format(name="x", tools=""))
    write(tmp_path / "flows/f.yaml", flow_text("f", "  agents: [{name: x}]\n"))
    loaded = load_flows(str(tmp_path / "flows"), {}, agents=str(tmp_path / "elsewhere"))
    assert loaded.flows[0].agents["x"]["instructions"] == "You are x."


def test_an_agent_is_written_in_the_flow_and_a_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a/x.yaml", AGENT.format(name="x", tools=""))
    spec = (
        "  agents:\n  - {name: x, config: a/x.yaml}\n"
        "  - {name: y, model: 'builtin:review', instructions: go, tools: [read_file]}\n"
        "  - {name: z, config: ../z.yaml}\n"
    )
    write(tmp_path / "f.yaml", flow_text("f", spec))
    loaded = load_flows(str(tmp_path), {})
    assert loaded.flows[0].agents["x"]["model"] == "builtin:review"
    assert "path leaves the fleet folder" in told(loaded)[0]
    assert told(loaded)[0].startswith(f"{tmp_path}/f.yaml:8:23")


FLEET = """apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: team}
spec:
  agents:
  - name: one
    spec: {model: 'builtin:review', instructions: go, memory: {type: InMemory, namespace: n}}
  coordination: {mode: peer}
  shared: {memory: {type: inmemory}}
  approval: {require_for: [git push], timeout: 60, chains: [{name: a, approvers: [x]}]}
"""


def test_a_fleet_by_name_gets_the_context_and_the_approval_of_the_flow(tmp_path: Path) -> None:
    write(tmp_path / "fleets/whatever.yaml", FLEET)
    spec = (
        "  fleet: team\n  context: {namespace: ns, env: {A: b}}\n"
        "  approval:\n    require_for: [kubectl delete]\n    allowed_users: [7]\n"
        "    chains: [{name: a, approvers: [y, z], require: 2}]\n"
    )
    write(tmp_path / "flows/f.yaml", flow_text("f", spec))
    loaded = load_flows(str(tmp_path / "flows"), {})
    assert loaded.problems == ()
    made = fleet_of(loaded.flows[0])
    assert made["metadata"]["name"] == "f"
    agent = made["spec"]["agents"][0]["spec"]
    assert agent["environment"] == {"NAMESPACE": "ns", "HELM_NAMESPACE": "ns", "A": "b"}
    assert agent["memory"]["namespace"] == "f/n"
    assert made["spec"]["shared"]["memory"]["namespace"] == "f"
    approval = made["spec"]["approval"]
    assert approval["require_for"] == ["git push", "kubectl delete"]
    assert (approval["approvers"], approval["self_approval"]) == (["7"], False)
    assert approval["timeout"] == 60
    assert [(chain["name"], chain["require"]) for chain in approval["chains"]] == [("a", 2)]


def test_a_broken_file_is_told_and_the_others_stay(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "kind: AgentFlow\nspec: [")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    write(tmp_path / "c.yaml", "- just\n- a list\n")
    write(tmp_path / "d.yaml", "")
    (tmp_path / "e.yaml").symlink_to("e.yaml")
    os.mkfifo(tmp_path / "f.yaml")
    write(tmp_path / "g.yaml", flow_text("g", "  agents: [{name: x, model: 'builtin:review'}]\n"))
    write(tmp_path / "h.yaml", flow_text("h", "  trigger: {config: {patterns: ['(?=x)']}}\n"))
    write(tmp_path / "i.yaml", flow_text("i", "  trigger: {patterns: [x]}\n"))
    loaded = load_flows(str(tmp_path), {})
    assert [flow.name for flow in loaded.flows] == ["g"]
    broken = {Path(one.file).name for one in loaded.problems if one.severity == "error"}
    assert broken == {f"{letter}.yaml" for letter in "abcdefhi"}


def test_the_second_flow_of_a_name_is_refused_but_for_another_tenant(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", flow_text("f", "  description: first\n"))
    write(tmp_path / "b.yaml", flow_text("f", "  description: second\n"))
    write(tmp_path / "c.yaml", flow_text("f", "  context: {organization: org-a}\n"))
    loaded = load_flows(str(tmp_path), {})
    assert [(flow.tenant, Path(flow.file).name) for flow in loaded.flows] == [
        ("default", "a.yaml"),
        ("org-a", "c.yaml"),
    ]
    assert "flow 'f' is there already" in told(loaded)[0]


def test_a_flow_that_makes_no_fleet_is_told_at_load(tmp_path: Path) -> None:
    node = "{id: a, type: Agent, config: {inline: {name: x, model: m, temprature: 1}}}"
    write(tmp_path / "a.yaml", flow_text("a", f"  nodes: [{node}]\n"))
    loaded = load_flows(str(tmp_path), {})
    assert loaded.flows == ()
    assert "flow 'a' makes no fleet: spec.agents[0].spec.temprature" in told(loaded)[0]


def test_secrets_of_a_context_are_told_to_no_model(tmp_path: Path) -> None:
    spec = (
        "  context: {team: sre, api_key: abcdefghij, note: '${UNSET}', env: {X: y}}\n"
        "  agents: [{name: a, model: 'builtin:review', instructions: go}]\n"
    )
    write(tmp_path / "a.yaml", flow_text("a", spec))
    (entry,) = fleet_of(load_flows(str(tmp_path), {}).flows[0])["spec"]["agents"]
    assert entry["spec"]["instructions"] == "go\n\nYou work in this context:\n- team: sre"
    assert entry["spec"]["environment"]["CONTEXT_API_KEY"] == "abcdefghij"


def test_the_tenant_of_a_folder_is_not_left(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", flow_text("a", "  context: {organization: org-b}\n"))
    write(tmp_path / "b.yaml", flow_text("b", "  description: mine\n"))
    write(tmp_path / "c.yaml", flow_text("c", "  context: {organization: '${NOBODY}'}\n"))
    loaded = load_flows(str(tmp_path), {}, tenant="org-a")
    assert [(flow.name, flow.tenant) for flow in loaded.flows] == [("b", "org-a")]
    assert "belongs to tenant org-a, and the flow says 'org-b'" in told(loaded)[0]


def test_folders_below_count_where_it_is_recursive(tmp_path: Path) -> None:
    write(tmp_path / "z.yaml", flow_text("z", "  description: x\n"))
    write(tmp_path / "b/a.yaml", flow_text("a", "  description: x\n"))
    names = [flow.name for flow in load_flows(str(tmp_path), {}).flows]
    assert names == ["a", "z"]
    flat = load_flows(str(tmp_path), {}, recursive=False)
    assert [flow.name for flow in flat.flows] == ["z"]


def test_a_folder_that_is_not_there_is_a_problem_and_no_more(tmp_path: Path) -> None:
    loaded = load_flows(str(tmp_path / "nowhere"), {})
    assert loaded.flows == ()
    assert "folder not found" in told(loaded)[0]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not beside the project")
def test_the_corpus_loads_where_it_is_in_the_trigger_form_or_can_be_mapped() -> None:
    loaded = load_flows(str(CORPUS), {})
    assert {flow.name for flow in loaded.flows} == {
        "telegram-default-flow", "docker-troubleshoot-script", "k8s-health-check",
        "docker-troubleshoot-flow", "github-pr-review",
    }  # fmt: skip
    for flow in loaded.flows:
        FleetFile.model_validate(fleet_of(flow))
    assert all(one.line >= 1 and one.column >= 1 for one in loaded.problems)
