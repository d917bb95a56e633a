"""Tenancy: how a tenant's things are named, and which tenant is being served right now."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Final

from fleettui.core.errors import NotFound, StoreSealed

DEFAULT: Final = "default"
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
# A name of a file, and the number that makes it one of several.
_FLEET: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?\Z")
# In no name, and fit for folders, git references and bus subjects alike.
_AT: Final = "@"
_STREAM: Final = "tenant:"

# Whose command or question is being served; '' outside of one. The Session sets it, the store
# refuses to read or write anything of another tenant meanwhile.
current_tenant: ContextVar[str] = ContextVar("current_tenant", default="")


def is_tenant_name(text: str) -> bool:
    """Say whether a text may name a tenant: a-z, 0-9 and '-', at most 63 characters."""
    return _NAME.match(text) is not None


def fleet_id(tenant: str, name: str) -> str:
    """Give the id of a fleet, which is unique on a host: `web`, or `web@acme` of tenant acme."""
    return name if tenant == DEFAULT else f"{name}{_AT}{tenant}"


def is_fleet_id(text: str) -> bool:
    """Say whether a text is the one id that a fleet of some tenant has."""
    name, _, tenant = text.partition(_AT)
    mine = _AT not in text or (tenant != DEFAULT and is_tenant_name(tenant))
    return mine and _FLEET.match(name) is not None


def beside(fleet: str, name: str) -> str:
    """Give the id of a fleet of the same tenant whose name begins with that of another."""
    own, at, tenant = fleet.partition(_AT)
    return f"{own}-{name}{at}{tenant}"


def no_fleet(name: str) -> NotFound:
    """Refuse a fleet that is not there, or not for whoever asks: the two look the same."""
    return NotFound(f"no fleet is named '{name}'", "fleettui ls names them")


def tenant_of(fleet: str) -> str:
    """Name the tenant that a fleet's id belongs to."""
    return fleet.rpartition(_AT)[2] if _AT in fleet else DEFAULT


def short_id(fleet: str) -> str:
    """Give the id of a fleet as its tenant says it: `web` for `web@acme`."""
    return fleet.rpartition(_AT)[0] or fleet


def tenant_stream(tenant: str) -> str:
    """Name the stream of a tenant; no fleet can be called so."""
    return _STREAM + tenant


def tenant_of_stream(stream: str) -> str:
    """Name the tenant that a stream belongs to, its own or that of a fleet."""
    return stream[len(_STREAM) :] if is_tenant_stream(stream) else tenant_of(stream)


def is_tenant_stream(stream: str) -> bool:
    """Say whether a stream is a tenant's own, and not a fleet's."""
    return stream.startswith(_STREAM)


def sealed(tenant: str) -> str:
    """Give a tenant back if the caller may touch what is its own; raises StoreSealed."""
    mine = current_tenant.get()
    if not tenant or (mine and mine != tenant):
        raise StoreSealed(
            "the store was asked for what is not this tenant's" if tenant else "no tenant is named",
            "a defect of fleettui: report it with the log",
        )
    return tenant
