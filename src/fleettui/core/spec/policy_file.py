"""A bare policy file: rules for commands, without a fleet around them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fleettui.core.spec.approval import People, Rule
from fleettui.core.spec.shape import Items, Shape

Answer = Literal["allow", "require_approval", "deny"]


class PolicyChain(Shape):
    """A group of people of whom some must approve; who they are may be left open."""

    name: str = Field(min_length=1, description="Its name.")
    approvers: People = Field(default=(), description="Who may approve.")
    require: int = Field(default=1, ge=1, description="How many of them must.")
    self_approval: bool = Field(
        default=False, description="Whether who gave the task counts; unsaid, where one is enough."
    )


class Defaults(Shape):
    """What is decided where no rule decides."""

    no_match: Answer = Field(
        default="require_approval", description="For a command that no rule names."
    )
    not_analysable: Answer | None = Field(
        default=None,
        description="For what can't be analysed; as `no_match` where that is stricter than asking.",
    )
    control_characters: Answer = Field(
        default="deny", description="For control, invisible or disguised characters."
    )
    parse_error: Answer = Field(default="deny", description="For what is no command at all.")


class PolicyFile(Shape):
    """Rules for commands."""

    require_for: Items = Field(default=(), description="Commands that ask.")
    allow: Items = Field(default=(), description="Commands that run without asking.")
    deny: Items = Field(default=(), description="Commands that never run.")
    allowed_commands: dict[str, Items] = Field(
        default_factory=dict, description="By program, the verbs that run; its others never do."
    )
    chains: tuple[PolicyChain, ...] = Field(
        default=(), strict=False, description="Groups of people, for `rules`."
    )
    rules: tuple[Rule, ...] = Field(
        default=(), strict=False, description="Which chain approves which commands."
    )
    defaults: Defaults = Field(
        default_factory=Defaults, description="What is decided where no rule decides."
    )
