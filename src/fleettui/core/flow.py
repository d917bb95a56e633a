"""A flow: a rule that takes messages to agents, and the fleet that it runs as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fleettui.core.errors import Refused
from fleettui.core.flow_context import approval_over, environment_of, everything_of, told_of
from fleettui.core.spec.flow import FlowAgent, FlowSpec
from fleettui.core.spec.flow_rules import OFF, PRODUCTION
from fleettui.core.spec.graph import agents_named, workflow_of
from fleettui.core.spec.known import API_VERSION, RUNNING_PLATFORMS, tool_name
from fleettui.core.spec.made import fleet_made
from fleettui.core.tenancy import DEFAULT

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as loaded: `agents` has the spec of each agent it names that was found.

    `file` and `line` say where it is written; `tenant` owns it; `labels` are its metadata's;
    `fleet` is the fleet it names, as plain JSON of a FleetFile; `programs` are the tools that are
    declared beside it.
    """

    name: str
    spec: FlowSpec
    file: str = ""
    line: int = 1
    tenant: str = DEFAULT
    labels: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, Data] = field(default_factory=dict)
    fleet: Data | None = None
    programs: tuple[Data, ...] = ()

    @property
    def platform(self) -> str:
        """Name the platform of its trigger as written, empty for every platform."""
        return self.spec.trigger.type if self.spec.trigger else ""

    @property
    def is_production(self) -> bool:
        """Say whether it is labelled as production."""
        labelled = self.labels.get("environment", self.labels.get("env", ""))
        return labelled.strip().lower() in PRODUCTION

    @property
    def asks_nobody(self) -> bool:
        """Say whether its programs run without asking; never where it is production."""
        off = self.spec.context.env.get("REQUIRE_APPROVAL", "").strip().lower() in OFF
        return (off or self.spec.approval.required is False) and not self.is_production


def missing_agents(flow: Flow) -> tuple[str, ...]:
    """Name the agents of a flow that are neither written in it nor found in a file."""
    written = {agent.name for agent in flow.spec.agents if is_inline(agent)}
    named = (*(agent.name for agent in flow.spec.agents), *agents_named(_graph(flow.spec)))
    return tuple(
        name for name in dict.fromkeys(named) if name not in flow.agents and name not in written
    )


def obstacle(flow: Flow) -> str:
    """Say why a flow can't run, though it routes; empty where it can."""
    if flow.platform.lower() not in RUNNING_PLATFORMS:
        return f"{flow.platform} is not built yet, its flows route and don't run"
    trigger = flow.spec.trigger
    if flow.platform.lower() == "http" and trigger and not trigger.config.path:
        return "no request reaches it, give its trigger 'path' and 'secret'"
    missing = missing_agents(flow)
    if missing:
        return f"no file has an agent '{missing[0]}', write agents/{missing[0]}.yaml"
    if flow.spec.fleet and flow.fleet is None:
        return f"no file has a fleet '{flow.spec.fleet}', write it into the folder fleets"
    if not (flow.spec.agents or flow.spec.fleet or flow.spec.nodes):
        return "it has no agents, name some under spec.agents"
    return ""


def is_inline(agent: FlowAgent) -> bool:
    """Say whether an agent is written in the flow itself."""
    return agent.instructions is not None or agent.model is not None


def fleet_of(flow: Flow, agent: str = "") -> Data:
    """Give the AgentFleet a flow runs as, as plain JSON; with `agent`, of that agent alone.

    Raises Refused where an agent or the fleet was not found, BadSpec where they don't fit.
    """
    if flow.spec.nodes:
        spec = _workflow(flow)
    else:
        spec = _named_fleet(flow) if flow.spec.fleet else _own_fleet(flow, agent)
    spec["agents"] = [_placed(entry, flow) for entry in spec["agents"]]
    spec["approval"] = approval_over(flow.spec, spec.get("approval", {}))
    if flow.asks_nobody:
        policy = spec.get("policy", {})
        allowed = [*policy.get("allow", ()), *everything_of(spec["agents"])]
        spec["policy"] = {**policy, "allow": list(dict.fromkeys(allowed))}
    shared = spec.get("shared", {})
    if shared.get("memory"):
        memory = {**shared["memory"], "namespace": _namespace(flow, shared["memory"])}
        spec["shared"] = {**shared, "memory": memory}
    if flow.programs:
        spec["programs"] = [*spec.get("programs", ()), *flow.programs]
    made = {
        "apiVersion": API_VERSION,
        "kind": "AgentFleet",
        "metadata": {"name": flow.name, "labels": {**flow.labels}},
        "spec": spec,
    }
    return fleet_made(made, f"flow '{flow.name}'")


def _named_fleet(flow: Flow) -> Data:
    if flow.fleet is None:
        raise Refused(
            f"flow '{flow.name}' needs fleet '{flow.spec.fleet}', and no file has it",
            "write it into the folder fleets beside the flows",
        )
    spec: Data = {**flow.fleet["spec"]}
    spec["agents"] = list(spec.get("agents", ()))
    return spec


def _own_fleet(flow: Flow, agent: str) -> Data:
    listed = [one for one in flow.spec.agents if agent in {"", one.name}]
    if not listed:
        wanted = f"agent '{agent}'" if agent else "agents"
        raise Refused(f"flow '{flow.name}' has no {wanted}", "name one under spec.agents")
    agents = [{"name": one.name, "spec": _agent(flow, one)} for one in listed]
    return {"agents": agents, "coordination": {"mode": "peer"}}


def _workflow(flow: Flow) -> Data:
    """Give the fleet whose workflow has a step for each node."""
    graph = _graph(flow.spec)
    steps, written = workflow_of(graph)
    described = {agent.name: agent for agent in flow.spec.agents}
    written |= {
        name: _agent(flow, described.get(name) or _bare(name)) for name in agents_named(graph)
    }
    variables = [
        f"{name}={value}"
        for name, value in environment_of(flow.spec.context).items()
        if "${" not in value
    ]
    for step in steps:
        if "run" in step and variables:
            step["run"] = ["env", *variables, *step["run"]]
    return {
        "agents": [{"name": name, "spec": spec} for name, spec in written.items()],
        "coordination": {"mode": "workflow"},
        "workflow": {"steps": steps},
    }


def _graph(spec: FlowSpec) -> Data:
    """Give the graph of a flow as it is written."""
    return {
        "nodes": list(spec.nodes),
        "connections": list(spec.connections),
        "context": spec.context.model_dump(exclude_none=True),
        "variables": spec.variables,
    }


def _bare(name: str) -> FlowAgent:
    return FlowAgent.model_validate({"name": name})


def _agent(flow: Flow, agent: FlowAgent) -> Data:
    """Give the whole spec of an agent: its file's, with what the flow says over it."""
    if agent.name not in flow.agents and not is_inline(agent):
        raise Refused(
            f"flow '{flow.name}' needs agent '{agent.name}', and no file has it",
            f"write agents/{agent.name}.yaml, or give it a model and instructions in the flow",
        )
    spec = {**flow.agents.get(agent.name, {})}
    for name in ("model", "instructions", "description"):
        if getattr(agent, name) is not None:
            spec[name] = getattr(agent, name)
    if agent.tools:
        spec["tools"] = list(agent.tools)
        names = {tool_name(tool) for tool in agent.tools}
        for settings in ("tool_config", "tool_restrictions"):
            if settings in spec:
                spec[settings] = {k: v for k, v in spec[settings].items() if k in names}
    if agent.tool_config:
        spec["tool_config"] = _merged(spec.get("tool_config", {}), agent.tool_config)
    return spec


def _merged(below: Data, above: Data) -> Data:
    """Put settings over settings, tool by tool."""
    merged = {**below}
    for tool, settings in above.items():
        own = merged.get(tool)
        if isinstance(own, dict) and isinstance(settings, dict):
            merged[tool] = {**own, **settings}
        else:
            merged[tool] = settings
    return merged


def _placed(entry: Data, flow: Flow) -> Data:
    """Put the context of a flow into an agent: its environment, its words, its memory."""
    spec = {**entry.get("spec", {})}
    spec["environment"] = {**spec.get("environment", {}), **environment_of(flow.spec.context)}
    if not spec["environment"]:
        del spec["environment"]
    told = told_of(flow.spec.context)
    if told and spec.get("instructions"):
        spec["instructions"] = f"{spec['instructions'].rstrip()}\n\n{told}"
    memory = spec.get("memory")
    if isinstance(memory, dict):
        spec["memory"] = {**memory, "namespace": _namespace(flow, memory)}
    elif isinstance(memory, str):
        spec["memory"] = {"type": memory, "namespace": flow.name}
    return {**entry, "spec": spec}


def _namespace(flow: Flow, memory: Data) -> str:
    """Keep the memory of a flow apart from that of others, its own parts from each other."""
    written = memory.get("namespace")
    return f"{flow.name}/{written}" if written else flow.name
