"""How the agents of a fleet work together and how their votes become one verdict."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fleettui.core.spec.shape import Items, Seconds, Shape

Algorithm = Literal["majority", "unanimous", "weighted", "first_wins", "human_review"]
Mode = Literal["peer", "hierarchical", "pipeline", "swarm", "tiered", "deep", "workflow"]
Distribution = Literal["round-robin", "least-loaded", "random", "skill-based", "sticky"]
SplitRule = Literal["list", "lines", "paragraphs"]
Aggregation = Literal["consensus", "merge", "manager_synthesis"]
OPTIONS = ("approve", "reject")


class Consensus(Shape):
    """The rule of a ballot among agents."""

    algorithm: Algorithm = Field(default="majority", description="How votes become a verdict.")
    min_votes: int = Field(default=1, ge=1, description="Votes needed before there is a verdict.")
    timeout_ms: int = Field(
        default=60_000, ge=1, description="Longest wait for votes, in milliseconds."
    )
    allow_partial: bool = Field(
        default=True, description="Whether failed and silent agents are left out of the quorum."
    )
    min_confidence: float | None = Field(
        default=None, ge=0, le=1, description="Confidence the verdict needs, from 0.0 to 1.0."
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="Weight of a vote by agent name, over the agent's own."
    )
    options: Items = Field(
        default=OPTIONS, min_length=2, description="The verdicts an agent may vote for."
    )
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="AOF's name in older files; kept, `min_confidence` decides.",
    )


class Question(Shape):
    """What the agents of a fleet vote on."""

    options: Items = Field(
        default=OPTIONS, min_length=2, description="The verdicts an agent may vote for."
    )


class Tiered(Shape):
    """Settings of mode tiered."""

    pass_all_results: bool = Field(
        default=False, description="Hand every result to the next tier, not only the verdict."
    )
    final_aggregation: Aggregation = Field(
        default="consensus", description="How the results of the last tier become one."
    )
    tier_consensus: dict[str, Consensus] = Field(
        default_factory=dict, description="The consensus of a tier, by its number as text."
    )


class Deep(Shape):
    """Settings of mode deep."""

    max_iterations: int = Field(default=10, ge=1, description="Iterations after which it stops.")
    planning: bool = Field(default=True, description="Whether a plan is made first.")
    memory: bool = Field(default=True, description="Whether findings are kept across iterations.")
    planner_model: str | None = Field(
        default=None, min_length=1, description="Model of the planner."
    )
    planner_prompt: str | None = Field(default=None, description="Prompt of the planner.")
    synthesizer_prompt: str | None = Field(default=None, description="Prompt of the last step.")


class Swarm(Shape):
    """Settings of mode swarm."""

    lease: Seconds = Field(
        default=300.0, description="How long an agent may keep an item, as `5m` or seconds."
    )
    tries: int = Field(default=3, ge=1, le=100, description="How often a failed item is tried.")


class Files(Shape):
    """A task for each of some files."""

    files: str = Field(min_length=1, description="Pattern of paths in the workspace: `**/*.py`.")


class Coordination(Shape):
    """How the agents work together."""

    mode: Mode = Field(default="peer", description="The coordination mode.")
    distribution: Distribution = Field(
        default="round-robin", description="How tasks are given to agents."
    )
    consensus: Consensus = Field(default_factory=Consensus, description="How votes are counted.")
    tiered: Tiered = Field(default_factory=Tiered, description="Settings of mode tiered.")
    deep: Deep = Field(default_factory=Deep, description="Settings of mode deep.")
    swarm: Swarm = Field(default_factory=Swarm, description="Settings of mode swarm.")
    split: SplitRule | Files = Field(
        default="list",
        description="How a task becomes items (swarm): `list`, `lines`, `paragraphs`, or "
        "`{files: PATTERN}` for the task on each of these files.",
    )
    sticky_key: str | None = Field(
        default=None, min_length=1, description="Field of a JSON item that sticky goes by; `type`."
    )
    aggregation: Aggregation | None = Field(
        default=None, description="How the results become one, where the mode leaves it open."
    )
    manager: str | None = Field(
        default=None, description="Name of the managing agent; else the one with role manager."
    )
