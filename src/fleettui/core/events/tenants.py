"""What happens to a tenant as a whole."""

from __future__ import annotations

from typing import Any

from fleettui.core.events.root import Event


class TenantAdmitted(Event, frozen=True, tag=True, omit_defaults=True):
    """A tenant came, or its file changed; `spec` is the checked file as JSON."""

    tenant: str
    spec: dict[str, Any]
    file: str = ""


class TenantRetired(Event, frozen=True, tag=True, omit_defaults=True):
    """A tenant's file is gone."""


class TenantHeld(Event, frozen=True, tag=True, omit_defaults=True):
    """Nothing of the tenant begins until it is released."""

    by: str


class TenantReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """The tenant goes on."""

    by: str


class AllHeld(Event, frozen=True, tag=True, omit_defaults=True):
    """Nothing begins on the host until it is released."""

    by: str


class AllReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """The host goes on."""

    by: str
