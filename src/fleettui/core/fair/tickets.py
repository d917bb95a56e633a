"""What waits in a fair queue, what its tenant may have, and why it waits."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from fleettui.core.model import Priority

Plan = Literal["free", "standard", "enterprise"]
BOOST: Final[dict[Plan, int]] = {"free": 0, "standard": 1, "enterprise": 2}
WEIGHT: Final[dict[Plan, int]] = {"free": 1, "standard": 2, "enterprise": 4}


class Ticket(NamedTuple):
    """Something that waits; `key` (a user) may be bound besides its tenant, times in seconds."""

    id: str
    tenant: str
    priority: Priority
    at: float
    deadline: float | None = None
    key: str = ""


class Terms(NamedTuple):
    """What a tenant may have: at most so many at once, and of one key; 0 is no bound.

    Nothing of it begins while somebody holds it, or while something is used up (which text says).
    """

    plan: Plan = "free"
    most: int = 0
    held_by: str = ""
    most_of_key: int = 0
    used_up: str = ""

    @property
    def is_stopped(self) -> bool:
        return bool(self.held_by or self.used_up)


class Taken(NamedTuple):
    """A ticket that is given out; an expired one is told of, and holds no place."""

    ticket: Ticket
    expired: bool = False


class Waits(NamedTuple):
    """Why a ticket waits: `by` holds it or says what is used up, `running` of at most `most` go on.

    Else its line.
    """

    kind: Literal["held", "tenant_held", "used_up", "tenant_full", "key_full", "line"]
    by: str = ""
    running: int = 0
    most: int = 0


class Dropped(NamedTuple):
    """A ticket that was taken out, and where it stood."""

    ticket: Ticket
    number: int
