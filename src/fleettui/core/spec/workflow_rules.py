"""What must hold between the steps of a workflow, beyond the type of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fleettui.core.spec.known import closest
from fleettui.core.spec.problem import Fault, Loc
from fleettui.core.spec.workflow import KIND_FIELDS
from fleettui.core.spec.workflow_looks import look_faults, needs_of, no_step

Data = dict[str, Any]


def workflow_file_faults(data: Data) -> Iterator[Fault]:
    """Check a file of kind Workflow; an agent that is not in it is a warning, as in AOF."""
    spec = data.get("spec")
    if not isinstance(spec, dict):
        return
    listed = spec.get("agents")
    agents = [
        entry["name"]
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]
    for fault in workflow_faults(spec, ("spec",), agents, lenient=True):
        unknown = fault.loc[-1] == "agent" and not agents
        yield fault._replace(severity="warning") if unknown else fault
    steps = spec.get("steps")
    names = (
        [step.get("name") for step in steps if isinstance(step, dict)]
        if isinstance(steps, list)
        else []
    )
    entry = spec.get("entrypoint")
    if isinstance(entry, str) and entry not in names:
        known = [name for name in names if isinstance(name, str)]
        yield Fault(("spec", "entrypoint"), no_step(entry, known))
    for at, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict) and step.get("type") == "validation":
            message = "a step of type validation is not built yet: it fails when it is reached"
            yield Fault(("spec", "steps", at, "type"), message, "warning")


def workflow_faults(
    data: Any, loc: Loc, agents: Collection[str], *, lenient: bool = False
) -> Iterator[Fault]:
    """Check the steps below `loc` as written; shapes that are wrong are left to the model.

    `lenient` lets through what only a file of kind Workflow may leave out.
    """
    listed = data.get("steps") if isinstance(data, dict) else None
    steps = [
        (at, step)
        for at, step in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(step, dict) and isinstance(step.get("name"), str)
    ]
    names = {step["name"]: at for at, step in reversed(steps)}
    for at, step in steps:
        here: Loc = (*loc, "steps", at)
        if names[step["name"]] != at:
            message = f"step '{step['name']}' is there twice (first at line {{line}})"
            first: Loc = (*loc, "steps", names[step["name"]], "name")
            yield Fault((*here, "name"), message, other=first)
        yield from _kind(step, here, lenient=lenient)
        yield from _answer(step, here, lenient=lenient)
        yield from _agent(step, here, agents)
        yield from _needs(step, here, names)
    yield from look_faults(steps, loc, names)
    yield from _cycle(steps, loc, names)


def _kind(step: Data, here: Loc, *, lenient: bool) -> Iterator[Fault]:
    given = [name for name, _ in KIND_FIELDS if step.get(name)]
    if len(given) > 1:
        yield Fault((*here, given[1]), f"give '{given[0]}' or '{given[1]}', not both", at="key")
    wanted = step.get("type")
    needed = {"agent", "run", "fleet"} if lenient else {"agent", "run", "fleet", "approval"}
    if isinstance(wanted, str) and wanted in needed and wanted not in given:
        yield Fault(here, f"a step of type {wanted} needs '{wanted}'")
    elif isinstance(wanted, str) and wanted in {"join", "terminal"} and given:
        message = f"a step of type {wanted} does nothing itself: take '{given[0]}' or 'type' out"
        yield Fault((*here, given[0]), message, at="key")
    if step.get("task") and not {"agent", "fleet"} & set(given):
        yield Fault((*here, "task"), "only a step with 'agent' or 'fleet' has a task", at="key")


def _answer(step: Data, here: Loc, *, lenient: bool) -> Iterator[Fault]:
    """Check who is to answer the question of a step."""
    asks = bool(step.get("approval")) or (lenient and step.get("type") == "approval")
    for word in ("approvers", "require"):
        if step.get(word) and not asks:
            yield Fault((*here, word), f"only a step with 'approval' has '{word}'", at="key")
    people, require = step.get("approvers"), step.get("require")
    named = isinstance(people, list) and people and all(isinstance(one, str) for one in people)
    if asks and named and isinstance(require, int) and require > len(people or ()):
        message = f"{require} people must say yes, and only {len(people or ())} may"
        yield Fault((*here, "require"), f"{message}: name more approvers")


def _agent(step: Data, here: Loc, agents: Collection[str]) -> Iterator[Fault]:
    agent = step.get("agent")
    if isinstance(agent, str) and agent not in agents:
        near = closest(agent, agents)
        guess = f", did you mean '{near}'?" if near else ""
        yield Fault((*here, "agent"), f"no agent is named '{agent}'{guess}")


def _needs(step: Data, here: Loc, names: Collection[str]) -> Iterator[Fault]:
    word, needs = needs_of(step)
    for place, need in enumerate(needs):
        loc: Loc = (*here, word) if isinstance(step.get(word), str) else (*here, word, place)
        if need == step["name"]:
            yield Fault(loc, f"step '{need}' waits for itself")
        elif need not in names:
            near = closest(need, names)
            yield Fault(
                loc, f"no step is named '{need}'" + (f", did you mean '{near}'?" if near else "")
            )


def _cycle(steps: list[tuple[int, Data]], loc: Loc, names: dict[str, int]) -> Iterator[Fault]:
    graph = {
        step["name"]: [need for need in needs_of(step)[1] if need in names and need != step["name"]]
        for _, step in steps
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        at = names[circle[-1]]
        word, _ = needs_of(next(step for place, step in steps if place == at))
        yield Fault((*loc, "steps", at, word), f"steps wait for each other: {' <- '.join(circle)}")
