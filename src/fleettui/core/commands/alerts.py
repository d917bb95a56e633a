"""Commands of monitors."""

from __future__ import annotations

from typing import Literal

from fleettui.core.commands.root import Command


class RaiseAlert(Command, frozen=True, tag=True, omit_defaults=True):
    """A rule of a monitor holds for a thing; what the rule wants done is done with it."""

    agent: str
    rule: str
    subject: str
    severity: Literal["warning", "critical"]
    text: str
    nonce: str = ""


class ClearAlert(Command, frozen=True, tag=True, omit_defaults=True):
    """It holds no more."""

    agent: str
    rule: str
    subject: str
    why: str = ""
