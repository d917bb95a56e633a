"""What happens to a fleet as a whole."""

from __future__ import annotations

from typing import Any

from fleettui.core.events.root import Event


class FleetOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """A fleet was opened from a file for the first time; `spec` is the checked file as JSON."""

    fleet: str
    tenant: str
    name: str
    file: str
    workspace: str
    spec: dict[str, Any]
    policy: str
    warnings: tuple[str, ...] = ()


class FleetReloaded(Event, frozen=True, tag=True, omit_defaults=True):
    """The fleet's file was read again, and it had changed."""

    spec: dict[str, Any]
    policy: str
    warnings: tuple[str, ...] = ()


class FleetStopping(Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody ended the fleet; its agents come to their safe points."""

    by: str = ""


class FleetStopped(Event, frozen=True, tag=True, omit_defaults=True):
    """Every agent has stopped."""

    by: str = ""


class FleetResumed(Event, frozen=True, tag=True, omit_defaults=True):
    """A stopped fleet was opened again."""

    by: str = ""


class TroubleNoted(Event, frozen=True, tag=True, omit_defaults=True):
    """Something in the world went wrong."""

    agent: str
    text: str
