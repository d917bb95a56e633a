"""Commands about a tenant as a whole."""

from __future__ import annotations

from typing import Any

import msgspec


class TenantCommand(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root: every one names the tenant whose stream it changes."""

    tenant: str


class AdmitTenant(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Take a tenant as its file says; `spec` is the checked file as JSON, `file` its place."""

    spec: dict[str, Any]
    file: str = ""


class RetireTenant(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """A tenant's file is gone: nothing of it begins any more; what it has is kept."""


class HoldTenant(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let nothing of a tenant begin; what goes on comes to its next safe point."""


class ReleaseTenant(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let a held tenant go on."""


class HoldAll(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let nothing begin on the whole host; of tenant `default`, whose admins are the host's."""


class ReleaseAll(TenantCommand, frozen=True, tag=True, omit_defaults=True):
    """Let the host go on."""
