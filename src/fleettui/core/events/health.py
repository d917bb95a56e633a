"""What happens to the health of agents: crashes, and what is done about them."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.supervision import Rung


class AgentCrashed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent died or stood still, and this follows: restart, roll back, or give up.

    It is tried again after `wait` seconds, from `checkpoint` if it is to be rolled back; `item`
    names what waits for a person once it was given up.
    """

    agent: str
    turn: str
    why: str
    rung: Rung
    wait: float = 0.0
    checkpoint: str = ""
    item: str = ""


class FailureDismissed(Event, frozen=True, tag=True, omit_defaults=True):
    """A person knows that an agent was given up, and leaves it so."""

    agent: str
    by: str
