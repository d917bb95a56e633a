"""Rows about tenants and fleets."""

from __future__ import annotations

from typing import Any, Literal

from fleettui.core.memory import MemoryState
from fleettui.core.model import Role
from fleettui.core.spec.tenant import TenantPlan
from fleettui.core.views.rows.root import Attention, Row


class QuotaRow(Row, frozen=True):
    """How far a tenant is with a quota or budget of its file.

    `name` as the file writes it (`budgets.day`), `used` of at most `most` in the unit of the file
    (bytes, cores, US dollars), `share` of 1. Not `exact`: calls of unknown price were made, so it
    is at least that; or programs were measured some time ago. `again_at` is when it begins anew by
    the clock (seconds since the epoch), null for never.
    """

    name: str
    used: float
    most: float
    share: float
    exact: bool = True
    again_at: float | None = None


class TenantRow(Row, frozen=True):
    """A tenant: what it has, who of its people asks, and whether anything holds it.

    `turns` go on right now, `messages` wait; a quota of None is no bound. `cost` and `tokens` are
    of all time, the others of today (UTC); a cost of None has calls of unknown price in it.
    `quotas` has a row for each bound of its file, `used_up` says why nothing begins until when.
    `all_held_by` holds the whole host.
    """

    name: str
    fleets: int
    agents: int
    needs: int
    cost: float | None
    tokens: int
    plan: TenantPlan = "standard"
    role: Role = "admin"
    turns: int = 0
    messages: int = 0
    agents_quota: int | None = None
    turns_quota: int | None = None
    messages_quota: int | None = None
    held_by: str = ""
    all_held_by: str = ""
    retired: bool = False
    file: str = ""
    tokens_today: int = 0
    cost_today: float | None = 0.0
    quotas: tuple[QuotaRow, ...] = ()
    used_up: str = ""
    attention: Attention = "idle"


class MemberRow(Row, frozen=True):
    """A member of a tenant, with the names that platforms have for them."""

    name: str
    role: Role
    identities: dict[str, str]


class TenantDetail(Row, frozen=True):
    """A tenant as `tenant show` prints it; `spec` is its file, with what it does not say."""

    tenant: TenantRow
    members: tuple[MemberRow, ...]
    spec: dict[str, Any]


class FleetRow(Row, frozen=True):
    """An open fleet: `memory` is empty for one without a shared memory, or a stopped one."""

    id: str
    tenant: str
    name: str
    file: str
    workspace: str
    mode: str
    state: Literal["open", "stopped"]
    agents: int
    needs: int
    running: str
    warnings: tuple[str, ...]
    memory: MemoryState = ""
    memory_why: str = ""


class UsageRow(Row, frozen=True):
    """Tokens and cost (US dollars, None where unknown) of a run or a fleet."""

    input_tokens: int
    output_tokens: int
    cost: float | None
