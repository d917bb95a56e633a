"""Commands about the parts of a run."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.model import Payload, PlannedStep, Priority


class EditPlan(Command, frozen=True, tag=True, omit_defaults=True):
    """Put these steps, in this order, in place of those of a run that still wait."""

    run: str
    steps: tuple[PlannedStep, ...]


class Delegate(Command, frozen=True, tag=True, omit_defaults=True):
    """A manager gives a sub-task away; the call `action` ends with the sub-task."""

    action: str
    task: Payload
    worker: str = ""
    skill: str = ""
    priority: Priority = "normal"


class SendBack(Command, frozen=True, tag=True, omit_defaults=True):
    """A validator sends the work before it back."""

    turn: str
    reason: str


class FinishPart(Command, frozen=True, tag=True, omit_defaults=True):
    """A part that is no agent's turn came to its end."""

    run: str
    part: str
    ok: bool
    output: Payload = Payload("")
    why: str = ""


class JudgePart(Command, frozen=True, tag=True, omit_defaults=True):
    """What a step waited for was read: whether its condition holds, or its items."""

    run: str
    part: str
    met: bool = True
    items: tuple[str, ...] | None = None
    why: str = ""


class WakeRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Something in a run is due: a part may begin again, or its time is up."""

    run: str
