"""What must hold between the parts of a flow: platform, patterns, chains and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import PydanticCustomError

from fleettui.core.spec.agent_rules import agent_faults
from fleettui.core.spec.fleet_rules import part
from fleettui.core.spec.graph import graph_faults
from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.shape import seconds
from fleettui.core.spec.trigger_rules import text_patterns, trigger_faults

Data = dict[str, Any]
_DIGITS: Final = re.compile(r"[0-9]{1,9}\Z")
_TENANT: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
PRODUCTION: Final = frozenset({"production", "prod"})
OFF: Final = frozenset({"false", "0", "no", "off", "none", "disabled"})


def flow_faults(data: Data) -> Iterator[Fault]:
    """Check a flow as written; shapes that are wrong are left to the model."""
    spec = part(data, "spec")
    yield from trigger_faults(part(spec, "trigger"))
    yield from _takers(spec)
    yield from _agents(spec.get("agents"))
    yield from chain_faults(part(spec, "approval"), ("spec", "approval"))
    yield from _limits(spec.get("limits"), ("spec", "limits"))
    labels = part(data, "metadata", "labels")
    environment = str(labels.get("environment", labels.get("env", ""))).lower()
    if environment in PRODUCTION:
        yield from _approval_off(spec)


def approval_seconds(text: str) -> float | None:
    """Read APPROVAL_TIMEOUT: `300`, `90s` or `15m`; None where it is none of these."""
    try:
        return float(str(seconds(float(text) if _DIGITS.match(text.strip()) else text.strip())))
    except PydanticCustomError:
        return None


def workspace(data: Data) -> tuple[str, str, str]:
    """Give organization, platform and the bot token as written, empty where not given."""
    trigger, context = part(data, "spec", "trigger"), part(data, "spec", "context")
    found = (
        context.get("organization"),
        trigger.get("type"),
        part(trigger, "config").get("bot_token"),
    )
    organization, platform, token = (value if isinstance(value, str) else "" for value in found)
    return organization, platform.lower(), token


def _takers(spec: Data) -> Iterator[Fault]:
    """Check that one thing takes the messages, and whose it is."""
    for name in ("agents", "nodes"):
        if spec.get(name) and spec.get("fleet"):
            yield Fault(("spec", "fleet"), f"give '{name}' or 'fleet', not both", at="key")
    yield from graph_faults(spec)
    context = part(spec, "context")
    organization = context.get("organization")
    if isinstance(organization, str) and "${" not in organization:
        wrong = tenant_problem(organization)
        if wrong:
            yield Fault(("spec", "context", "organization"), wrong)
    timeout = part(context, "env").get("APPROVAL_TIMEOUT")
    if isinstance(timeout, str) and "${" not in timeout and approval_seconds(timeout) is None:
        message = f"'{timeout}' is no time; write seconds (\"300\"), or 90s, 15m or 2h"
        yield Fault(("spec", "context", "env", "APPROVAL_TIMEOUT"), message)


def tenant_problem(name: str) -> str:
    """Say why a text is no tenant's name, empty where it is one."""
    if _TENANT.match(name):
        return ""
    return f"'{name}' is no tenant's name: a-z, 0-9 and '-', at most 63 characters"


def _agents(agents: Any) -> Iterator[Fault]:
    first: dict[str, Loc] = {}
    for at, agent in enumerate(agents if isinstance(agents, list) else []):
        if not isinstance(agent, dict):
            continue
        loc: Loc = ("spec", "agents", at)
        name = agent.get("name")
        if isinstance(name, str):
            if name in first:
                message = f"agent name '{name}' is used twice (first at line {{line}})"
                yield Fault((*loc, "name"), message, other=first[name])
            first.setdefault(name, (*loc, "name"))
        yield from text_patterns(agent.get("patterns"), (*loc, "patterns"))
        tools = {key: agent[key] for key in ("tools", "tool_config") if key in agent}
        yield from agent_faults({"instructions": "", "model": "", **tools}, loc)


def chain_faults(approval: Data, loc: Loc) -> Iterator[Fault]:
    """Check the chains and rules of an approval, and the commands it is asked for."""
    yield from _commands(approval.get("require_for"), (*loc, "require_for"))
    first: dict[str, Loc] = {}
    for at, chain in _mappings(approval.get("chains")):
        here: Loc = (*loc, "chains", at)
        name = chain.get("name")
        if isinstance(name, str) and name in first:
            message = f"chain '{name}' is given twice (first at line {{line}})"
            yield Fault((*here, "name"), message, other=first[name])
        elif isinstance(name, str):
            first[name] = (*here, "name")
        yield from _quorum(chain, here)
    for at, rule in _mappings(approval.get("rules")):
        pattern, chain_name = rule.get("pattern"), rule.get("chain")
        if isinstance(pattern, str):
            yield from _commands([pattern], (*loc, "rules", at, "pattern"))
        if isinstance(chain_name, str) and chain_name not in first:
            near = closest(chain_name, first)
            guess = f", did you mean '{near}'?" if near else ""
            message = f"no chain is named '{chain_name}'{guess}"
            yield Fault((*loc, "rules", at, "chain"), message)


def _quorum(chain: Data, loc: Loc) -> Iterator[Fault]:
    approvers, require = chain.get("approvers"), chain.get("require", 1)
    if not isinstance(approvers, list) or not isinstance(require, int):
        return
    people = len({str(person) for person in approvers})
    if approvers and require > people:
        message = f"require {require} is more than the {people} approvers: it can never be met"
        yield Fault((*loc, "require"), message)
    seen: set[str] = set()
    for at, person in enumerate(map(str, approvers)):
        if person in seen:
            message = f"approver '{person}' is given twice, a person counts once"
            yield Fault((*loc, "approvers", at), message, "warning")
        seen.add(person)


def _commands(patterns: Any, loc: Loc) -> Iterator[Fault]:
    for at, pattern in enumerate(patterns if isinstance(patterns, list) else []):
        if isinstance(pattern, str) and not pattern.strip():
            where = loc if loc[-1] == "pattern" else (*loc, at)
            yield Fault(where, "empty pattern would match everything, remove it")


def _limits(limits: Any, loc: Loc) -> Iterator[Fault]:
    for name, value in limits.items() if isinstance(limits, dict) else ():
        here: Loc = (*loc, name)
        if isinstance(value, dict):
            yield from _limits(value, here)
        elif isinstance(value, int) and not isinstance(value, bool):
            if value == 0:
                yield Fault(here, "0 would refuse every request, remove it or give 1 or more")
            elif value < 0:
                yield Fault(here, f"must be 1 or more, found {value}")


def _approval_off(spec: Data) -> Iterator[Fault]:
    message = "approval is off for a flow labelled production"
    variables = part(spec, "context", "env")
    if str(variables.get("REQUIRE_APPROVAL", "true")).strip().lower() in OFF:
        yield Fault(("spec", "context", "env", "REQUIRE_APPROVAL"), message, "warning")
    if part(spec, "approval").get("required") is False:
        yield Fault(("spec", "approval", "required"), message, "warning")


def _mappings(listed: Any) -> list[tuple[int, Data]]:
    items = listed if isinstance(listed, list) else []
    return [(at, item) for at, item in enumerate(items) if isinstance(item, dict)]
