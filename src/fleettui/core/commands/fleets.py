"""Commands about a fleet as a whole."""

from __future__ import annotations

from typing import Any

import msgspec

from fleettui.core.commands.root import Command


class OpenFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """Open a fleet file; `fleet` may be empty, then it is named after the file's fleet.

    `path` and `workspace` are absolute, `environment` is the caller's (kept in memory only) and
    `choose` names the fleet of a file that holds several. Answers the id of the fleet.
    """

    path: str = ""
    workspace: str = ""
    choose: str = ""
    environment: dict[str, str] = msgspec.field(default_factory=dict)


class AdmitFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """What the Session makes of OpenFleet once the file was read and checked."""

    name: str
    file: str
    workspace: str
    spec: dict[str, Any]
    warnings: tuple[str, ...] = ()


class StopFleet(Command, frozen=True, tag=True, omit_defaults=True):
    """End a fleet at a safe point: what runs is finished, what waits is denied."""


class NoteTrouble(Command, frozen=True, tag=True, omit_defaults=True):
    """Something in the world went wrong that belongs into an agent's log, or the fleet's."""

    agent: str
    text: str
