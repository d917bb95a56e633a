"""What happens to the health of agents: crashes, what is done about them, and alerts."""

from __future__ import annotations

from typing import Literal

from fleettui.core.events.root import Event
from fleettui.core.supervision import Rung

Severity = Literal["warning", "critical"]


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


class AlertRaised(Event, frozen=True, tag=True, omit_defaults=True):
    """Something about an agent is not as it should be; it stays so until it is cleared."""

    agent: str
    rule: str
    severity: Severity
    text: str


class AlertCleared(Event, frozen=True, tag=True, omit_defaults=True):
    """What an alert was about is over."""

    agent: str
    rule: str
    text: str = ""
