"""What a fleet may do without asking, what asks a person, and what it may never do."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from fleettui.core.spec.shape import Items, Shape, seconds


def _wait(value: Any) -> Any:
    return value if value == "wait" else seconds(value)


People = Annotated[tuple[str | int, ...], Field(strict=False)]
Patience = Annotated[
    float | Literal["wait"], BeforeValidator(_wait, json_schema_input_type=float | str)
]


class Chain(Shape):
    """A group of people of whom some must approve."""

    name: str = Field(min_length=1, description="Its name.")
    approvers: People = Field(min_length=1, description="Who may approve.")
    require: int = Field(default=1, ge=1, description="How many of them must.")
    self_approval: bool = Field(
        default=False, description="Whether who gave the task counts; unsaid, where one is enough."
    )


class Rule(Shape):
    """Which chain approves which commands."""

    pattern: str = Field(description="A command; also asks a person.")
    chain: str = Field(description="Name of the chain.")


class Approval(Shape):
    """How a person is asked."""

    timeout: Patience = Field(
        default=900.0,
        description="How long a question stands, as `15m` or seconds, or `wait`; then: no.",
    )
    require: int = Field(default=1, ge=1, description="How many people must approve.")
    self_approval: bool = Field(
        default=False, description="Whether who gave the task counts; unsaid, where one is enough."
    )
    approvers: Items = Field(default=(), description="Who may approve; every operator when empty.")
    require_for: Items = Field(
        default=(), description="Commands that ask; the same as `policy.require_approval`."
    )
    chains: tuple[Chain, ...] = Field(
        default=(), strict=False, description="Groups of people, for `rules`."
    )
    rules: tuple[Rule, ...] = Field(
        default=(), strict=False, description="Which chain approves which commands."
    )

    def chain(self, name: str) -> Chain | None:
        """Give the chain of that name, None for none."""
        return next((chain for chain in self.chains if chain.name == name), None)


class Policy(Shape):
    """Commands as text, such as `git push --force` or `kubectl get *`; deny over ask over allow."""

    allow: Items = Field(default=(), description="Runs without asking.")
    require_approval: Items = Field(default=(), description="Asks a person.")
    deny: Items = Field(default=(), description="Never runs.")


class Report(Shape):
    """What is proposed when the report of a run is written."""

    run: Items = Field(
        default=(), description="A command, one argument an item; `{report}` is the report's path."
    )
