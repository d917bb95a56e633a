"""A file of kind Workflow, and the fleet that it stands for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from fleettui.core.spec.approval import Approval, Policy, Report
from fleettui.core.spec.fleet import AgentEntry
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Anything, Items, Seconds, Shape
from fleettui.core.spec.workflow import Step

Data = dict[str, Any]


class Route(Shape):
    """Where AOF's `next` leads on a condition."""

    condition: str | None = Field(default=None, description="The condition; none always holds.")
    target: str = Field(min_length=1, description="The step that follows.")


class Joining(Shape):
    """How an AOF join waits."""

    strategy: Literal["all", "any", "majority"] = Field(
        default="all", description="How many of the steps before it must be done."
    )
    timeout: Seconds | None = Field(default=None, description="Longest wait.")


class Approver(Shape):
    """Who may answer, in AOF's form."""

    role: str | None = Field(default=None, description="A role.")
    user: str | None = Field(default=None, description="A person.")


class Branch(Shape):
    """One branch of a parallel step."""

    name: str | None = Field(default=None, description="Its name.")
    steps: tuple[Anything, ...] = Field(strict=False, min_length=1, description="Its steps.")


Routes = Annotated[tuple[str | Route, ...], Field(strict=False)]
AnyKind = Literal["agent", "run", "fleet", "approval", "join", "terminal", "validation", "parallel"]


class AnyStep(Step):
    """A step of kind Workflow: ours, or AOF's form of one."""

    type: AnyKind | None = Field(  # type: ignore[assignment]
        default=None, description="What it is; AOF's validation and parallel too."
    )
    agent: str | Anything | None = Field(  # type: ignore[assignment]
        default=None, description="The agent that does it, by name or written here."
    )
    join: Literal["all", "any", "majority"] | Joining = Field(  # type: ignore[assignment]
        default="all", description="How many of the steps before it must be done."
    )
    approvers: tuple[str | Approver, ...] = Field(  # type: ignore[assignment]
        default=(), strict=False, description="Who may answer."
    )
    next: str | Routes | None = Field(default=None, description="What follows it, in AOF's form.")
    branches: tuple[Branch, ...] = Field(
        default=(), strict=False, description="Branches of a parallel step."
    )
    validation: Anything | str | None = Field(default=None, description="AOF's checks; refused.")
    status: str | None = Field(default=None, description="How a terminal step ends the run.")
    description: str | None = Field(default=None, description="A sentence for people.")
    config: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")


class WorkflowSpec(Shape):
    """What a workflow is."""

    steps: tuple[AnyStep, ...] = Field(strict=False, min_length=1, description="Its steps.")
    agents: tuple[AgentEntry, ...] = Field(
        default=(), strict=False, description="The agents that its steps name."
    )
    max_parallel: int = Field(
        default=50, ge=1, le=1000, description="How many steps go on at the same time."
    )
    task: str | None = Field(default=None, min_length=1, description="The task offered first.")
    approval: Approval = Field(default_factory=Approval, description="How a person is asked.")
    policy: Policy = Field(default_factory=Policy, description="What runs, asks, or never runs.")
    report: Report = Field(default_factory=Report, description="What follows a report.")
    entrypoint: str | None = Field(default=None, description="The first step, in AOF's form.")
    state: Anything = Field(default_factory=dict, description="AOF's schema; kept, not used.")
    reducers: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    errorHandler: str | None = Field(  # noqa: N815  the YAML's word
        default=None, description="AOF's field; kept, not used."
    )
    retry: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    recovery: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    checkpointing: Anything = Field(default_factory=dict, description="AOF's; kept, not used.")
    parameters: tuple[Anything, ...] = Field(
        default=(), strict=False, description="AOF's field; kept, not used."
    )
    inputs: Anything | Items = Field(default_factory=dict, description="AOF's; kept, not used.")


class WorkflowFile(Shape):
    """A file of kind Workflow."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["Workflow"] = Field(description="`Workflow`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: WorkflowSpec = Field(description="What it is.")


def fleet_of_workflow(data: Data) -> Data:
    """Give the AgentFleet, as plain data, that a checked Workflow stands for."""
    spec = data["spec"]
    agents: dict[str, Data] = {entry["name"]: entry for entry in spec.get("agents", ())}
    steps = [_ours(step, agents) for step in _flat(spec["steps"])]
    _link(steps, spec["steps"])
    kept = ("task", "approval", "policy", "report")
    workflow = {"steps": steps, "max_parallel": spec.get("max_parallel", 50)}
    return {
        "apiVersion": data["apiVersion"],
        "kind": "AgentFleet",
        "metadata": data["metadata"],
        "spec": {
            "agents": list(agents.values()),
            "coordination": {"mode": "workflow"},
            "workflow": workflow,
            **{name: spec[name] for name in kept if name in spec},
        },
    }


_OURS = (
    "name", "type", "task", "run", "fleet", "approval", "require", "needs", "depends_on",
    "dependsOn", "when", "for_each", "retries", "backoff", "timeout", "continue_on_error",
)  # fmt: skip


def _flat(steps: list[Data]) -> list[Data]:
    """Give every step, those of branches behind their parallel step."""
    found: list[Data] = []
    for step in steps:
        found.append(step)
        for number, branch in enumerate(step.get("branches", ()), 1):
            before = step["name"]
            for place, inner in enumerate(branch["steps"], 1):
                label = branch.get("name", f"branch-{number}")
                suffix = f"-{place}" if len(branch["steps"]) > 1 else ""
                named = {"name": f"{step['name']}-{label}{suffix}", **inner}
                found.append({**named, "needs": [before]})
                before = named["name"]
    return found


def _ours(step: Data, agents: dict[str, Data]) -> Data:
    """Give a step in our words, and note an agent that is written in it."""
    made = {name: step[name] for name in _OURS if name in step}
    agent = step.get("agent")
    if isinstance(agent, dict):
        inner = agent.get("spec", agent)
        name = agent.get("metadata", {}).get("name") or agent.get("name") or step["name"]
        inline = {key: value for key, value in inner.items() if key != "name"}
        agents.setdefault(name, {"name": name, "spec": inline})
        made["agent"] = name
    elif isinstance(agent, str):
        made["agent"] = agent
    kind = step.get("type")
    if kind in {"parallel", "terminal"}:
        made["type"] = "join"
    elif kind == "approval":
        made.setdefault("approval", step.get("description") or f"approve {step['name']}?")
    who = [one if isinstance(one, str) else one.get("user") for one in step.get("approvers", ())]
    if any(who):
        made["approvers"] = [name for name in who if name]
    join = step.get("join")
    if join:
        made["join"] = join if isinstance(join, str) else join.get("strategy", "all")
    return made


def _link(steps: list[Data], written: list[Data]) -> None:
    """Turn AOF's `next` into needs: a step that several lead to waits for any of them."""
    by_name = {step["name"]: step for step in steps}
    leads: dict[str, list[tuple[str, str | None]]] = {}
    for step in written:
        found = step.get("next", ())
        for route in [found] if isinstance(found, str) else found or ():
            target = route if isinstance(route, str) else route["target"]
            condition = None if isinstance(route, str) else route.get("condition")
            for end in _ends(step):
                leads.setdefault(target, []).append((end, condition))
    for target, sources in leads.items():
        if target not in by_name:
            continue
        step = by_name[target]
        known = step.setdefault("needs", [])
        step["needs"] = [*known, *(name for name, _ in sources if name not in known)]
        conditions = [text for _, text in sources if text]
        if conditions and len(conditions) == len(sources):
            step.setdefault("when", " or ".join(f"({text})" for text in conditions))
        if len(sources) > 1 and "join" not in step and step.get("type") != "join":
            step["join"] = "any"


def _ends(step: Data) -> list[str]:
    """Give the steps after which a step is over: the last of each branch, or itself."""
    if not step.get("branches"):
        return [step["name"]]
    inner = _flat([step])[1:]
    needed = {need for one in inner for need in one["needs"]}
    return [one["name"] for one in inner if one["name"] not in needed]
