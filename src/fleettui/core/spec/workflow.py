"""A workflow: its steps, and what each of them waits for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from fleettui.core.spec.shape import Items, Name, Seconds, Shape

StepKind = Literal["agent", "run", "fleet", "approval", "join", "terminal"]
Join = Literal["all", "any", "majority"]
# The field that says what a step does, where `type` is left out.
KIND_FIELDS: tuple[tuple[str, StepKind], ...] = (
    ("run", "run"),
    ("fleet", "fleet"),
    ("approval", "approval"),
    ("agent", "agent"),
)


class Step(Shape):
    """One step of a workflow."""

    name: Name = Field(description="Its name among the steps.")
    type: StepKind | None = Field(
        default=None, description="What it is; by itself where one of the next fields says so."
    )
    agent: str | None = Field(default=None, min_length=1, description="The agent that does it.")
    task: str | None = Field(
        default=None, description="What an agent or a fleet is to do; the run's task when empty."
    )
    run: Items | None = Field(
        default=None, min_length=1, description="A command, one argument an entry; policy applies."
    )
    fleet: str | None = Field(
        default=None, min_length=1, description="Another fleet's file, relative to this one."
    )
    approval: str | None = Field(
        default=None, min_length=1, description="A question that waits in the inbox."
    )
    approvers: Items = Field(default=(), description="Who may answer it; as in spec.approval.")
    require: int | None = Field(default=None, ge=1, description="How many people must say yes.")
    needs: Items = Field(default=(), description="Steps it waits for; also `depends_on`.")
    join: Join = Field(default="all", description="How many of its needs must be done.")
    when: str | None = Field(
        default=None, min_length=1, description="Condition on earlier results; else it is skipped."
    )
    for_each: Items | str | None = Field(
        default=None,
        description="A list, or `steps.NAME.output` or `task` with one item a line or a JSON list; "
        "`{item}`.",
    )
    retries: int = Field(default=0, ge=0, le=100, description="How often it is tried again.")
    backoff: Seconds = Field(
        default=1.0, description="Wait before the second try, doubled for each further one."
    )
    timeout: Seconds | None = Field(default=None, description="Longest time of one try.")
    continue_on_error: bool = Field(
        default=False, description="Whether the run goes on when it fails."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        step = dict(value)
        for word in ("depends_on", "dependsOn"):
            if word in step:
                step.setdefault("needs", step.pop(word))
        if isinstance(step.get("needs"), str):
            step["needs"] = [step["needs"]]
        return step

    @property
    def kind(self) -> StepKind:
        """Say what the step is."""
        if self.type is not None:
            return self.type
        return next((kind for name, kind in KIND_FIELDS if getattr(self, name)), "join")


class Workflow(Shape):
    """Steps that wait for each other; those that wait for nothing go side by side."""

    steps: tuple[Step, ...] = Field(strict=False, min_length=1, description="Its steps.")
    max_parallel: int = Field(
        default=50, ge=1, le=1000, description="How many steps go on at the same time."
    )
