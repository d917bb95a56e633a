"""Tenancy: whose things a caller may touch; set at the door, checked again in the store."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from fleettui.core.errors import StoreSealed

DEFAULT_TENANT: Final = "default"

# The tenant that the caller acts for; empty for the host itself, which works for all of them.
current_tenant: Final[ContextVar[str]] = ContextVar("current_tenant", default="")


def sealed(tenant: str) -> str:
    """Give a tenant back if the caller may touch what is its own; raises StoreSealed."""
    mine = current_tenant.get()
    if not tenant or (mine and mine != tenant):
        raise StoreSealed(
            "the store was asked for what is not this tenant's" if tenant else "no tenant is named",
            "a defect of fleettui: report it with the log",
        )
    return tenant
