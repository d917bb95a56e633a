"""What a monitor saw, and what was done about it."""

from __future__ import annotations

from typing import Literal

from fleettui.core.events.root import Event

Severity = Literal["warning", "critical"]


class AlertRaised(Event, frozen=True, tag=True, omit_defaults=True):
    """A rule of a monitor holds for a thing: `agent` is the monitor, `subject` what it is about."""

    agent: str
    rule: str
    subject: str
    severity: Severity
    text: str


class AlertCleared(Event, frozen=True, tag=True, omit_defaults=True):
    """It holds no more."""

    agent: str
    rule: str
    subject: str
    why: str = ""


class RecoveryTried(Event, frozen=True, tag=True, omit_defaults=True):
    """What a rule wants done was done to `target`, or refused for the reason that is given."""

    agent: str
    rule: str
    verb: str
    target: str
    refused: str = ""
