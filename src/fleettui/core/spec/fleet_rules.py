"""What must hold between the parts of a fleet, beyond the type of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fleettui.core.spec.kind_rules import watched_agents
from fleettui.core.spec.known import MIDDLEWARE, closest, tool_name
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.secrets import has_password
from fleettui.core.spec.workflow_rules import workflow_faults
from fleettui.core.topics import flaw

Data = dict[str, Any]
_AGENT_LIMIT: Final = 1000
_MEMORY_TOOLS: Final = ("remember", "recall", "forget")


def part(data: Any, *keys: str) -> Data:
    """Give a mapping inside `data`, empty where there is none."""
    found = data
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def entries(data: Data) -> list[tuple[int, Data]]:
    """Give the agents that are mappings, with their index."""
    agents = part(data, "spec").get("agents")
    listed = agents if isinstance(agents, list) else []
    return [(at, agent) for at, agent in enumerate(listed) if isinstance(agent, dict)]


def fleet_faults(data: Data) -> Iterator[Fault]:
    """Check a fleet as written; shapes that are wrong are left to the model."""
    agents = entries(data)
    yield from _steps(data, agents)
    yield from _names(agents)
    yield from _sources(agents)
    yield from _count(agents)
    yield from _scaling(agents)
    yield from _coordination(data, agents)
    yield from watched_agents(agents)
    yield from _memory(data)
    yield from _memory_tools(data, agents)
    yield from _topics(part(data, "spec", "communication", "pub_sub").get("topics"))
    yield from _middleware(part(data, "spec", "communication").get("middleware"))
    yield from _approval(part(data, "spec", "approval"))
    yield from _policy(part(data, "spec", "policy"))
    yield from _report(part(data, "spec", "report"))


def _steps(data: Data, agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    """Check that there is somebody to work, and the steps of a workflow."""
    spec = part(data, "spec")
    mode = part(spec, "coordination").get("mode")
    workflow = spec.get("workflow")
    if spec.get("agents") == [] and mode != "workflow":
        yield Fault(("spec", "agents"), "needs at least 1 agent")
    if "agents" not in spec and "spec" in data and mode != "workflow":
        yield Fault(("spec", "agents"), "missing 'spec.agents'")
    if mode == "workflow" and workflow is None:
        yield Fault(("spec", "coordination", "mode"), "mode workflow needs 'spec.workflow'")
    elif workflow is not None and mode != "workflow":
        yield Fault(
            ("spec", "workflow"), "only mode workflow has steps: set coordination.mode", at="key"
        )
    names = [name for _, agent in agents if isinstance(name := agent.get("name"), str)]
    yield from workflow_faults(workflow, ("spec", "workflow"), names)


def _names(agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    first: dict[str, Loc] = {}
    for at, agent in agents:
        name, loc = agent.get("name"), ("spec", "agents", at, "name")
        if not isinstance(name, str):
            continue
        if name in first:
            message = f"agent name '{name}' is used twice (first at line {{line}})"
            yield Fault(loc, message, other=first[name])
        else:
            first[name] = loc
    for _, agent in agents:
        name, replicas = agent.get("name"), _most(agent)
        if _is_numbered(agent):
            for number in range(1, min(replicas, _AGENT_LIMIT) + 1):
                if f"{name}-{number}" in first:
                    message = f"agent '{name}-{number}' has the name of a replica of '{name}'"
                    yield Fault(first[f"{name}-{number}"], message)


def _sources(agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    for at, agent in agents:
        loc: Loc = ("spec", "agents", at)
        if "config" in agent and "spec" in agent:
            later = list(agent).index("spec") > list(agent).index("config")
            message = "give 'config' or 'spec', not both"
            yield Fault((*loc, "spec" if later else "config"), message, at="key")
        elif "config" not in agent and "spec" not in agent:
            yield Fault(loc, "give 'config' or 'spec', the agent has neither")


def _count(agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    total = 0
    for at, agent in agents:
        replicas = _most(agent)
        total += replicas
        if total > _AGENT_LIMIT >= replicas:
            loc: Loc = ("spec", "agents", at, *(("replicas",) if "replicas" in agent else ()))
            yield Fault(loc, f"{total} agents are more than the limit of {_AGENT_LIMIT} agents")
            return


def _coordination(data: Data, agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    spec, loc = part(data, "spec"), ("spec", "coordination")
    rules = spec.get("coordination")
    if rules is None:
        if agents:
            message = "missing 'spec.coordination', mode peer is taken"
            yield Fault(loc, message, "warning")
        return
    if not isinstance(rules, dict):
        return
    mode = rules.get("mode")
    if mode is None:
        yield Fault((*loc, "mode"), "missing 'spec.coordination.mode'")
    yield from _managers(rules, agents, loc)
    yield from _ballot(part(rules, "consensus"), agents, (*loc, "consensus"))
    yield from _tiers(rules, agents, loc)


def _managers(rules: Data, agents: list[tuple[int, Data]], loc: Loc) -> Iterator[Fault]:
    names = [agent.get("name") for _, agent in agents]
    named = rules.get("manager")
    if isinstance(named, str) and named not in names:
        yield Fault((*loc, "manager"), _nobody(named, names))
    if rules.get("mode") != "hierarchical":
        return
    managers = [at for at, agent in agents if agent.get("role") == "manager"]
    if not managers and named is None and agents:
        message = "mode hierarchical needs one agent with role manager, there is none"
        yield Fault((*loc, "mode"), message)
    for at, agent in agents:
        leads = agent.get("name") == named if named else agent.get("role") == "manager"
        if leads and _is_numbered(agent):
            message = "a hierarchical fleet has one manager, so it can't have replicas"
            yield Fault(("spec", "agents", at, "replicas"), message)
    for at in managers[1:] if named is None else []:
        first = ("spec", "agents", managers[0], "role")
        message = "one agent may be manager, there is one already (line {line})"
        yield Fault(("spec", "agents", at, "role"), message, other=first)


def _ballot(rule: Data, agents: list[tuple[int, Data]], loc: Loc) -> Iterator[Fault]:
    voters = sum(_most(agent) for _, agent in agents)
    least = rule.get("min_votes")
    if agents and isinstance(least, int) and not isinstance(least, bool) and least > voters:
        message = f"min_votes {least} is more than the number of agents ({voters}): "
        yield Fault((*loc, "min_votes"), message + "it can never be met")
    names = [agent.get("name") for _, agent in agents]
    known = {name for name in names if isinstance(name, str)}
    for name, weight in part(rule, "weights").items():
        if name not in known:
            yield Fault((*loc, "weights", name), _nobody(name, names), at="key")
        elif isinstance(weight, (int, float)) and weight <= 0:
            yield Fault((*loc, "weights", name), f"must be more than 0, found {weight}")
    options = rule.get("options")
    seen: set[str] = set()
    for at, option in enumerate(options if isinstance(options, list) else []):
        if str(option) in seen:
            yield Fault((*loc, "options", at), f"option '{option}' is given twice")
        seen.add(str(option))


def _tiers(rules: Data, agents: list[tuple[int, Data]], loc: Loc) -> Iterator[Fault]:
    tiers = [str(agent.get("tier", 1)) for _, agent in agents]
    if rules.get("mode") == "tiered":
        for at, agent in agents:
            if "tier" not in agent and agent.get("role") != "manager":
                message = "the agent has no tier, 1 is taken"
                yield Fault(("spec", "agents", at), message, "warning")
    for tier, rule in part(rules, "tiered", "tier_consensus").items():
        here: Loc = (*loc, "tiered", "tier_consensus", tier)
        if tier not in tiers:
            yield Fault(here, f"no agent has tier {tier}", at="key")
        elif isinstance(rule, dict):
            members = [entry for entry, own in zip(agents, tiers, strict=True) if own == tier]
            yield from _ballot(rule, members, here)


def _memory(data: Data) -> Iterator[Fault]:
    memory, loc = part(data, "spec", "shared", "memory"), ("spec", "shared", "memory")
    kind = memory.get("type")
    if kind in ("redis", "postgres") and not memory.get("url"):
        yield Fault((*loc, "url"), f"memory {kind} needs 'url', the address to connect to")
    if kind == "sqlite" and not memory.get("path"):
        yield Fault((*loc, "path"), "memory sqlite needs 'path', the file to keep it in")
    url = memory.get("url")
    if isinstance(url, str) and has_password(url):
        message = "a password in the address would be kept in the event log; use ${MEMORY_URL}"
        yield Fault((*loc, "url"), message)


def _memory_tools(data: Data, agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    """Warn of an agent with tools of a memory that its fleet does not have."""
    if part(data, "spec", "shared").get("memory") is not None:
        return
    for at, agent in agents:
        tools = part(agent, "spec").get("tools")
        for place, tool in enumerate(tools if isinstance(tools, list) else []):
            name = tool_name(tool)
            if name in _MEMORY_TOOLS:
                loc: Loc = ("spec", "agents", at, "spec", "tools", place)
                message = f"tool '{name}' needs spec.shared.memory, every call of it will fail"
                yield Fault(loc, message, "warning")


def _topics(topics: Any) -> Iterator[Fault]:
    for at, topic in enumerate(topics if isinstance(topics, list) else ()):
        wrong = flaw(topic, pattern=True) if isinstance(topic, str) else ""
        if wrong:
            yield Fault(("spec", "communication", "pub_sub", "topics", at), wrong)


def _middleware(steps: Any) -> Iterator[Fault]:
    for at, step in enumerate(steps if isinstance(steps, list) else ()):
        name = next(iter(step), None) if isinstance(step, dict) else step
        if not isinstance(name, str) or name in MIDDLEWARE:
            continue
        loc: Loc = ("spec", "communication", "middleware", at)
        near = closest(name, MIDDLEWARE)
        if near:
            yield Fault(loc, f"unknown middleware '{name}', did you mean '{near}'?")
        else:
            message = f"middleware '{name}' is not built in: it needs a package that brings it"
            yield Fault(loc, message, "warning")


def _approval(approval: Data) -> Iterator[Fault]:
    approvers, require = approval.get("approvers"), approval.get("require", 1)
    if isinstance(approvers, list) and approvers and isinstance(require, int):
        people = len({str(name) for name in approvers})
        if require > people:
            message = f"require {require} is more than the {people} approvers: it can't be met"
            yield Fault(("spec", "approval", "require"), message)


def _policy(policy: Data) -> Iterator[Fault]:
    for verb in ("allow", "require_approval", "deny"):
        patterns = policy.get(verb)
        for at, pattern in enumerate(patterns if isinstance(patterns, list) else []):
            loc: Loc = ("spec", "policy", verb, at)
            if isinstance(pattern, str) and not pattern.strip():
                yield Fault(loc, "empty pattern would match everything, remove it")
            elif isinstance(pattern, str) and verb == "allow" and not pattern.strip("* "):
                yield Fault(loc, "this allows every command, nothing would ask", "warning")


def _report(report: Data) -> Iterator[Fault]:
    argv = report.get("run")
    if isinstance(argv, list) and argv:
        if isinstance(argv[0], str) and not argv[0].strip():
            yield Fault(("spec", "report", "run", 0), "the program to run must not be empty")
        if not any("{report}" in word for word in argv if isinstance(word, str)):
            message = "no argument is '{report}', the command does not get the report"
            yield Fault(("spec", "report", "run"), message, "warning")


def _nobody(name: str, names: list[Any]) -> str:
    near = closest(name, [known for known in names if isinstance(known, str)])
    return f"no agent is named '{name}'" + (f", did you mean '{near}'?" if near else "")


def _scaling(agents: list[tuple[int, Data]]) -> Iterator[Fault]:
    """Check that `max` is not below `min`."""
    for at, agent in agents:
        given = agent.get("replicas")
        if isinstance(given, dict) and _most(agent) < _whole(given.get("min"), 1):
            loc: Loc = ("spec", "agents", at, "replicas", "max")
            yield Fault(loc, f"max {given.get('max')} is less than min {given.get('min')}")


def _most(agent: Data) -> int:
    """Give how many instances an entry may have."""
    given = agent.get("replicas")
    if isinstance(given, dict):
        return _whole(given.get("max"), _whole(given.get("min"), 1))
    return _whole(given, 1)


def _is_numbered(agent: Data) -> bool:
    """Say whether instances of an entry have numbers."""
    return isinstance(agent.get("replicas"), dict) or _most(agent) > 1


def _whole(value: Any, default: int) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if good else default
