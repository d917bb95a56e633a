"""What happens to the parts of a run: stages, items, sub-tasks, steps."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import Part, PartStatus, Payload


class PartsPlanned(Event, frozen=True, tag=True, omit_defaults=True):
    """A run has parts that wait; by whom is empty where the rules made them."""

    run: str
    parts: tuple[Part, ...]
    by: str = ""


class PartMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """A part began without a turn, ended, or waits again.

    The output of a part done by a turn is the turn's, else it is `output`. `due` is when its run
    looks at it again: a waiting part may begin then, the time of a running one is up.
    """

    run: str
    part: str
    to: PartStatus
    why: str = ""
    output: Payload | None = None
    due: float = 0.0


class WorkSentBack(Event, frozen=True, tag=True, omit_defaults=True):
    """A validator wants the work before it done again."""

    turn: str
    reason: str
