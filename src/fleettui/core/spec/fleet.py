"""A fleet file: its agents, how they work together and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    model_validator,
)

from fleettui.core.grounds import GroundKind
from fleettui.core.spec.agent import AgentSpec, Memory, Resources
from fleettui.core.spec.approval import Approval, Policy, Report
from fleettui.core.spec.consensus import Coordination, Question
from fleettui.core.spec.health import Health
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.program import Program
from fleettui.core.spec.shape import Anything, Items, Name, Shape, Texts
from fleettui.core.spec.shared import Communication, Shared
from fleettui.core.spec.workflow import Workflow

REPLICA_LIMIT = 1000


class Replicas(Shape):
    """How many of an agent there are, as its mail and tasks demand."""

    min: int = Field(default=1, ge=1, le=REPLICA_LIMIT, description="So many there always are.")
    max: int = Field(ge=1, le=REPLICA_LIMIT, description="So many there are at most.")


Count = Annotated[int, Field(ge=1, le=REPLICA_LIMIT)]
_count: Final[TypeAdapter[int]] = TypeAdapter(
    Count, config=ConfigDict(strict=True, defer_build=True)
)


def _replicas(value: Any) -> int | Replicas:
    """Read one of the two forms, so that what is wrong is said of the form that was meant."""
    meant = isinstance(value, (Mapping, Replicas))
    return Replicas.model_validate(value) if meant else _count.validate_python(value)


def _as_written(value: int | Replicas) -> Any:
    return value if isinstance(value, int) else value.model_dump(exclude_unset=True)


class AgentEntry(Shape):
    """A member of the fleet; after loading, `spec` is there also for a `config` file."""

    name: Name = Field(description="Its name in the fleet.")
    role: Literal["worker", "manager", "specialist", "validator"] = Field(
        default="worker", description="Its role."
    )
    tier: int | None = Field(default=None, ge=1, description="Its tier, for mode tiered.")
    weight: float = Field(
        default=1.0, gt=0, description="What its vote counts, for weighted consensus."
    )
    replicas: Annotated[
        int | Replicas,
        PlainValidator(_replicas, json_schema_input_type=Count | Replicas),
        PlainSerializer(_as_written),
    ] = Field(default=1, description="How many of it work at the same time, or `{min, max}`.")
    labels: Texts = Field(default_factory=dict, description="Text by name, to filter by.")
    skills: Items = Field(
        default=(), description="What it is good at, for skill-based distribution."
    )
    config: str | None = Field(
        default=None,
        min_length=1,
        description="Path of a file of kind Agent, relative to this file.",
    )
    spec: AgentSpec | None = Field(default=None, description="What it is, written here.")

    @property
    def least(self) -> int:
        """Give how many of it there always are."""
        return self.replicas if isinstance(self.replicas, int) else self.replicas.min

    @property
    def most(self) -> int:
        """Give how many of it there may be."""
        return self.replicas if isinstance(self.replicas, int) else self.replicas.max

    @property
    def is_scaled(self) -> bool:
        """Say whether there are more or fewer of it by what is to do."""
        return not isinstance(self.replicas, int)


class FleetSpec(Shape):
    """What a fleet is."""

    agents: tuple[AgentEntry, ...] = Field(
        strict=False, default=(), description="Its agents; at least one, or a workflow's steps."
    )
    coordination: Coordination = Field(
        default_factory=Coordination, description="How they work together."
    )
    consensus: Question | None = Field(default=None, description="What they vote on.")
    workflow: Workflow | None = Field(default=None, description="The steps of mode workflow.")
    shared: Shared = Field(default_factory=Shared, description="What they share.")
    communication: Communication = Field(
        default_factory=Communication, description="How they talk."
    )
    task: str | None = Field(default=None, min_length=1, description="The task offered first.")
    approval: Approval = Field(default_factory=Approval, description="How a person is asked.")
    tools_at_once: int = Field(
        default=8, ge=1, le=1000, description="How many tools of all agents run at the same time."
    )
    policy: Policy = Field(default_factory=Policy, description="What runs, asks, or never runs.")
    programs: tuple[Program, ...] = Field(
        default=(),
        strict=False,
        description="Tools that are programs; those of `tools/*.yaml` beside the file are added.",
    )
    sandbox: bool = Field(
        default=False,
        description="Whether programs that agents run are confined to their workspace.",
    )
    report: Report = Field(default_factory=Report, description="What follows a report.")
    health: Health = Field(default_factory=Health, description="How its agents are watched.")
    workspace: GroundKind | None = Field(
        default=None, description="The folder each agent works in, where it does not say itself."
    )
    description: str | None = Field(default=None, description="A sentence for people.")
    strategy: str | None = Field(
        default=None, description="AOF's field in older files; kept, not used."
    )
    aggregation: str | None = Field(default=None, description="AOF's field; kept, not used.")
    display: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    memory: Memory | None = Field(default=None, description="AOF's field; kept, not used.")
    output: Anything = Field(default_factory=dict, description="AOF's field; kept, not used.")
    resources: Resources | None = Field(default=None, description="AOF's field; kept, not used.")
    tags: Anything = Field(default_factory=dict, description="Free labels; kept, not used.")

    @model_validator(mode="before")
    @classmethod
    def _settle_options(cls, value: Any) -> Any:
        """Hand `spec.consensus.options` to the consensus that counts the votes."""
        match value:
            case {"consensus": {"options": options}}:
                coordination = value.get("coordination", {})
                if not isinstance(coordination, dict):
                    return value
                rule = coordination.get("consensus", {})
                if isinstance(rule, dict) and "options" not in rule:
                    rule = {**rule, "options": options}
                    return {**value, "coordination": {**coordination, "consensus": rule}}
        return value


class FleetFile(Shape):
    """A file of kind AgentFleet."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["AgentFleet", "Fleet"] = Field(description="`AgentFleet`.")
    metadata: Metadata = Field(description="Its name and labels.")
    spec: FleetSpec = Field(description="What it is.")
