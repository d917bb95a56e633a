"""A fleet file becomes the plain spec that the engine works with."""

import json
from pathlib import Path

import pytest

from fleettui.adapters.yaml.specs import YamlSpecs, check_files
from fleettui.core.errors import BadSpec
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.fleet import FleetFile
from fleettui.ports import LoadedFleet

HEAD = "apiVersion: aof.dev/v1\nkind: AgentFleet\nmetadata:\n  name: f\nspec:\n"
PEER = "  coordination: {mode: peer}\n"
SHIPPED = Path(__file__).parents[2] / "fleets"


def loaded(
    tmp_path: Path, text: str, environment: dict[str, str] | None = None, name: str = ""
) -> LoadedFleet:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    return YamlSpecs().load_fleet(str(path), environment or {}, name)


def only_agent(tmp_path: Path, inside: str, environment: dict[str, str] | None = None) -> AgentSpec:
    text = f"{HEAD}  agents:\n    - name: a\n      spec: {{{inside}}}\n{PEER}"
    fleet = loaded(tmp_path, text, environment)
    agent = FleetFile.model_validate(fleet.spec).spec.agents[0].spec
    assert agent
    return agent


def test_shipped_fleet_loads_without_a_warning_and_again_from_json() -> None:
    fleet = YamlSpecs().load_fleet(str(SHIPPED / "code-review.yaml"), {})
    spec = FleetFile.model_validate(json.loads(json.dumps(fleet.spec)))
    assert (fleet.name, fleet.warnings) == ("code-review-fleet", ())
    assert {entry.spec and entry.spec.model for entry in spec.spec.agents} == {"builtin:review"}
    assert spec.spec.report.run[-2:] == ("{report}", "HEAD")
    assert spec.model_dump(mode="json", exclude_unset=True) == fleet.spec


def test_shipped_files_have_no_problem() -> None:
    assert check_files([str(SHIPPED)], {}) == ()


def test_spellings_of_an_agent_become_one(tmp_path: Path) -> None:
    agent = only_agent(
        tmp_path,
        "model: {provider: x, name: y}, system_prompt: hi, memory: InMemory, env: {A: b},"
        " tools: [git, {name: run, config: {timeout_secs: 5}}, {name: lint, enabled: false}],"
        " model_config: {temperature: 0.5}, resources: {timeout: 2m}",
    )
    assert (agent.model, agent.instructions) == ("x:y", "hi")
    assert agent.memory
    assert agent.memory.type == "InMemory"
    assert agent.tools == ("git_diff", "git_log", "git_show", "run")
    assert agent.tool_config == {"run": {"timeout_secs": 5}}
    assert (agent.temperature, agent.timeout, agent.environment) == (0.5, 120.0, {"A": "b"})


def test_variables_are_replaced_and_secrets_are_not(tmp_path: Path) -> None:
    agent = only_agent(
        tmp_path,
        'model: "${M:-x:y}", instructions: "${WHO} $${WHO}", environment: {T: "${API_TOKEN}"}',
        {"WHO": "me: [", "API_TOKEN": "hush"},
    )
    assert (agent.model, agent.instructions) == ("x:y", "me: [ ${WHO}")
    assert agent.environment == {"T": "${API_TOKEN}"}


def test_agent_file_is_put_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "a.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: Agent\nmetadata: {name: a, labels: {x: y}}\n"
        "spec: {model: m, instructions: hi}\n"
    )
    fleet = loaded(tmp_path, f"{HEAD}  agents: [{{name: b, config: agents/a.yaml}}]\n{PEER}")
    (entry,) = FleetFile.model_validate(fleet.spec).spec.agents
    assert (entry.name, entry.labels) == ("b", {"x": "y"})
    assert entry.spec
    assert entry.spec.model == "m"


def test_entry_without_spec_is_the_agent_of_the_same_file(tmp_path: Path) -> None:
    fleet = loaded(
        tmp_path,
        f"{HEAD}  agents: [{{name: a}}]\n{PEER}---\napiVersion: aof.dev/v1\nkind: Agent\n"
        "metadata: {name: a}\nspec: {model: m, instructions: hi}\n",
    )
    assert fleet.spec["spec"]["agents"][0]["spec"]["model"] == "m"


def test_one_of_several_fleets_is_chosen_by_name(tmp_path: Path) -> None:
    one = f"{HEAD}  agents: [{{name: a, spec: {{model: m, instructions: i}}}}]\n{PEER}"
    both = f"{one}---\n{one.replace('name: f', 'name: g')}"
    assert loaded(tmp_path, both).name == "f"
    assert loaded(tmp_path, both, name="g").name == "g"
    with pytest.raises(BadSpec, match="no fleet is named 'h'; there are f, g"):
        loaded(tmp_path, both, name="h")


def test_options_beside_coordination_reach_the_ballot(tmp_path: Path) -> None:
    agents = "  agents: [{name: a, spec: {model: m, instructions: i}}]\n"
    fleet = loaded(tmp_path, f"{HEAD}{agents}{PEER}  consensus: {{options: [go, stay]}}\n")
    assert fleet.spec["spec"]["coordination"]["consensus"]["options"] == ["go", "stay"]


def test_unknown_fields_and_older_words_load_with_warnings(tmp_path: Path) -> None:
    text = f"{HEAD}  agents: [{{name: a, spec: {{model: m, instructions: i, zzz: 1}}}}]\n"
    text = text.replace("AgentFleet", "Fleet").replace("dev/v1", "sh/v1alpha1")
    fleet = loaded(tmp_path, f"{text}  x-note: mine\n")
    assert [line.split(": ")[2] for line in fleet.warnings] == [
        "apiVersion",
        "kind",
        "spec.coordination",
        "spec.agents[0].spec.zzz",
    ]
    assert fleet.spec["kind"] == "AgentFleet"


def test_bad_file_is_refused_with_every_error(tmp_path: Path) -> None:
    with pytest.raises(BadSpec) as refused:
        loaded(tmp_path, f"{HEAD}  agents: []\n  coordination: {{mode: x}}\n")
    assert len(refused.value.problems) == 2
    assert refused.value.problems[0].endswith("6:11: error: spec.agents: needs at least 1 agent")


def test_file_without_a_fleet_is_refused(tmp_path: Path) -> None:
    agent = "apiVersion: aof.dev/v1\nkind: Agent\nmetadata: {name: a}\nspec: {model: m}\n"
    with pytest.raises(BadSpec, match="no document of kind AgentFleet"):
        loaded(tmp_path, agent)
