"""docs/fleet-file.md and docs/schema/fleet.json say what the models say."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from fleettui.core.spec import (
    agent,
    approval,
    consensus,
    fleet,
    health,
    limits,
    metadata,
    program,
    shared,
    watch,
    workflow,
)
from fleettui.core.spec.known import TOOLS
from fleettui.core.spec.schema import fleet_schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fleet-file.md").read_text()
MODELS: dict[str, type[BaseModel]] = {
    "The file": fleet.FleetFile,
    "metadata": metadata.Metadata,
    "spec": fleet.FleetSpec,
    "spec.agents[]": fleet.AgentEntry,
    "spec.agents[].replicas": fleet.Replicas,
    "spec.agents[].spec": agent.AgentSpec,
    "spec.agents[].spec.memory": agent.Memory,
    "spec.agents[].spec.mcp_servers[]": agent.McpServer,
    "spec.agents[].spec.resources": agent.Resources,
    "spec.agents[].spec.resource_limits": limits.ResourceLimits,
    "spec.agents[].spec.watch[]": watch.WatchRule,
    "spec.agents[].spec.watch[].process": watch.Watched,
    "spec.coordination": consensus.Coordination,
    "spec.coordination.consensus": consensus.Consensus,
    "spec.consensus": consensus.Question,
    "spec.coordination.tiered": consensus.Tiered,
    "spec.coordination.deep": consensus.Deep,
    "spec.coordination.swarm": consensus.Swarm,
    "spec.workflow": workflow.Workflow,
    "spec.workflow.steps[]": workflow.Step,
    "spec.coordination.split": consensus.Files,
    "spec.shared": shared.Shared,
    "spec.shared.memory": shared.SharedMemory,
    "spec.communication": shared.Communication,
    "spec.communication.broadcast": shared.Broadcast,
    "spec.communication.direct": shared.Direct,
    "spec.communication.pub_sub": shared.PubSub,
    "spec.approval": approval.Approval,
    "spec.approval.chains[]": approval.Chain,
    "spec.approval.rules[]": approval.Rule,
    "spec.programs[]": program.Program,
    "spec.policy": approval.Policy,
    "spec.report": approval.Report,
    "spec.health": health.Health,
    "spec.health.restarts": health.Restarts,
}


def documented(heading: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize("heading", MODELS)
def test_section_has_every_field_and_no_other(heading: str) -> None:
    assert documented(heading) == list(MODELS[heading].model_fields)


def test_every_part_of_a_fleet_has_a_section() -> None:
    parts = set(fleet_schema()["$defs"]) | {"FleetFile"}
    assert parts == {model.__name__ for model in MODELS.values()}


def test_every_tool_is_named() -> None:
    assert [tool for tool in TOOLS if tool not in PAGE] == []


def test_schema_file_is_the_generated_one() -> None:
    stored = json.loads((ROOT / "docs" / "schema" / "fleet.json").read_text())
    assert stored == fleet_schema(), (
        "write it again: fleettui schema fleet > docs/schema/fleet.json"
    )


def test_every_field_of_the_schema_is_described() -> None:
    parts = fleet_schema()["$defs"]
    for name, part in parts.items():
        for field, about in part["properties"].items():
            whole = {**parts.get(about.get("$ref", "").removeprefix("#/$defs/"), {}), **about}
            assert whole.get("description"), f"{name}.{field}"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "fleets").glob("*.yaml")), ids=lambda path: path.name
)
def test_shipped_fleet_names_the_schema(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    written = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / written).resolve() == ROOT / "docs" / "schema" / "fleet.json"
