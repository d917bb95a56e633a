"""Snapshots of a tenant: its folded state as JSON and back, worthless once its shape differs."""

from __future__ import annotations

import hashlib

import msgspec

from fleettui.core.events.budgets import BudgetKind
from fleettui.core.limits import Usage
from fleettui.core.model import Payload
from fleettui.core.spec.tenant import TenantSpec
from fleettui.core.state.requests import RequestsState, RequestState
from fleettui.core.state.tenant import BudgetState, TenantState

_PARTS = (RequestsState, RequestState, Usage, Payload, BudgetState, TenantState)
_SHAPE = hashlib.sha256(
    repr([(part.__name__, sorted(part.__annotations__.items())) for part in _PARTS]).encode()
).hexdigest()
_HEAD = ("name", "file", "seq", "at", "retired", "held_by", "all_held_by")


class SavedTenant(msgspec.Struct, array_like=True):
    """All that a tenant's state has."""

    shape: str
    head: dict[str, str | int | float | bool]
    spec: msgspec.Raw
    requests: RequestsState
    spending: dict[BudgetKind, BudgetState]


def save_tenant(state: TenantState) -> bytes:
    """Give a state as JSON."""
    spec = msgspec.Raw(msgspec.json.encode(state.spec.model_dump(mode="json", exclude_unset=True)))
    head = {name: getattr(state, name) for name in _HEAD}
    saved = SavedTenant(_SHAPE, head, spec, state.requests, state.spending)
    return msgspec.json.encode(saved)


def restore_tenant(body: bytes) -> TenantState | None:
    """Give the state back, None for the snapshot of another version or a damaged one."""
    try:
        saved = msgspec.json.decode(body, type=SavedTenant)
        if saved.shape != _SHAPE:
            return None
        spec = TenantSpec.model_validate(msgspec.json.decode(saved.spec))
        head: dict[str, object] = dict(saved.head)
        return TenantState(
            **head, spec=spec, requests=saved.requests, spending=saved.spending,  # type: ignore[arg-type]  # the head's own types
        )  # fmt: skip
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError):
        # A snapshot is never the only copy: the stream is folded from its beginning.
        return None
