"""Sight: what one look of one rule found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule
from fleettui.ports import WatchDoor


class Sight(NamedTuple):
    """Whether a thing is as it should be; `text` says what is wrong."""

    subject: str
    bad: bool
    text: str = ""


class Look(Protocol):
    """Looks at what a rule is about; what it remembers between looks is its own."""

    async def __call__(self) -> Sequence[Sight]:
        """Look once."""


class MakeLook(Protocol):
    """Makes the look of one rule."""

    def __call__(self, rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
        """Make it; nothing of the world is touched yet."""
