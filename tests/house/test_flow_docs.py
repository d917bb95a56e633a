"""docs/flows.md and the schemas of flows and daemons say what the models say."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from fleettui.core.routing import WEIGHTS
from fleettui.core.spec import daemon, flow
from fleettui.core.spec.schema import daemon_schema, flow_schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text()
MODELS: dict[str, type[BaseModel]] = {
    "The file": flow.FlowFile,
    "spec": flow.FlowSpec,
    "spec.trigger": flow.Trigger,
    "spec.trigger.config": flow.TriggerConfig,
    "spec.context": flow.Context,
    "spec.agents[]": flow.FlowAgent,
    "spec.approval": flow.FlowApproval,
    "spec.limits": flow.FlowLimits,
    "DaemonConfig": daemon.DaemonFile,
    "DaemonConfig spec": daemon.DaemonSpec,
    "DaemonConfig spec.server": daemon.Server,
    "DaemonConfig spec.platforms.NAME": daemon.Platform,
    "DaemonConfig spec.agents, spec.fleets, spec.tenants": daemon.Folder,
    "DaemonConfig spec.flows": daemon.FlowFolder,
    "DaemonConfig spec.routing": daemon.Routing,
    "DaemonConfig spec.runtime": daemon.Limits,
}


@pytest.mark.parametrize("heading", MODELS)
def test_section_has_every_field_and_no_other(heading: str) -> None:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert told == [field.alias or name for name, field in MODELS[heading].model_fields.items()]


def test_the_weights_are_those_of_the_page() -> None:
    table = PAGE.split("\n## Which flow takes a message\n")[1].split("\n## ")[0]
    assert [int(found) for found in re.findall(r"\| (\d+) \|$", table, re.MULTILINE)] == list(
        WEIGHTS.values()
    )


@pytest.mark.parametrize(
    ("name", "schema"),
    [("flow", flow_schema()), ("daemon", daemon_schema())],
    ids=["flow", "daemon"],
)
def test_schema_file_is_the_generated_one(name: str, schema: object) -> None:
    stored = json.loads((ROOT / "docs" / "schema" / f"{name}.json").read_text())
    assert stored == schema, f"write it again: fleettui schema {name} > docs/schema/{name}.json"
