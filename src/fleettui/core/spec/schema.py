"""The JSON Schemas of fleets, flows and daemons, for editors."""

from __future__ import annotations

from typing import Any, Final

from fleettui.core.spec.daemon import DaemonFile
from fleettui.core.spec.fleet import FleetFile
from fleettui.core.spec.flow import FlowFile
from fleettui.core.spec.known import API_VERSION, OLDER_VERSIONS, PATTERN_SPELLINGS, TOOL_FIELDS

_PLACE: Final = "https://github.com/fleettui/fleettui/blob/main/docs/schema"


def fleet_schema() -> dict[str, Any]:
    """Give the schema of kind AgentFleet as a person may write it, with every spelling."""
    schema = FleetFile.model_json_schema()
    parts: dict[str, Any] = schema["$defs"]
    agent = parts["AgentSpec"]["properties"]
    agent["model"] = _either(agent["model"], _provider_and_name())
    agent["tools"]["items"] = {"anyOf": [{"type": "string"}, _tool()]}
    agent["memory"] = _either(agent["memory"], {"type": "string"})
    for other in ("system_prompt", "system"):
        agent[other] = {"type": "string", "description": "The same as `instructions`."}
    agent["env"] = {**agent["environment"], "description": "The same as `environment`."}
    agent["model_config"] = agent["model_settings"]
    talk = parts["Communication"]["properties"]
    for spelling, name in PATTERN_SPELLINGS.items():
        talk["pattern"]["enum"].append(spelling)
        talk[spelling] = talk[name]
    parts["FleetSpec"]["properties"]["memory"] = agent["memory"]
    return _published(schema, "fleet", "A fleet file of fleettui (kind AgentFleet)")


def flow_schema() -> dict[str, Any]:
    """Give the schema of kind AgentFlow."""
    schema = FlowFile.model_json_schema()
    return _published(schema, "flow", "A flow of fleettui (kind AgentFlow)")


def daemon_schema() -> dict[str, Any]:
    """Give the schema of kind DaemonConfig."""
    schema = DaemonFile.model_json_schema()
    return _published(schema, "daemon", "How a host takes messages (kind DaemonConfig)")


def _published(schema: dict[str, Any], name: str, title: str) -> dict[str, Any]:
    """Give a schema its name, with what every document may have."""
    for part in (schema, *schema["$defs"].values()):
        if part.get("additionalProperties") is False:
            part["patternProperties"] = {"^x-": {"description": "A note of your own."}}
    schema["properties"]["apiVersion"]["enum"] = [API_VERSION, *OLDER_VERSIONS]
    schema["title"] = title
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_PLACE}/{name}.json",
    }
    return {**about, **schema}


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: one[key] for key in ("title", "description", "default") if key in one
    }
    rest = {key: value for key, value in one.items() if key not in kept}
    ways = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**kept, "anyOf": [*ways, other]}


def _provider_and_name() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "properties": {"provider": text, "name": text},
        "required": ["name"],
    }


def _tool() -> dict[str, Any]:
    fields: dict[str, Any] = {name: {"type": "string"} for name in TOOL_FIELDS}
    fields["config"] = {"type": "object", "description": "Settings of the tool."}
    fields["enabled"] = {"type": "boolean", "default": True}
    return {"type": "object", "properties": fields, "additionalProperties": False}
