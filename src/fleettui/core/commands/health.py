"""Commands about the health of agents."""

from __future__ import annotations

from typing import Literal

from fleettui.core.commands.root import Command


class RaiseAlert(Command, frozen=True, tag=True, omit_defaults=True):
    """Something about an agent is not as it should be; raised again it changes its words."""

    agent: str
    rule: str
    severity: Literal["warning", "critical"]
    text: str


class ClearAlert(Command, frozen=True, tag=True, omit_defaults=True):
    """What an alert was about is over."""

    agent: str
    rule: str
    text: str = ""
