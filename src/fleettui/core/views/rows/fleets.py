"""Rows about tenants and fleets."""

from __future__ import annotations

from typing import Literal

from fleettui.core.memory import MemoryState
from fleettui.core.views.rows.root import Row


class TenantRow(Row, frozen=True):
    """A tenant and what it has."""

    name: str
    fleets: int
    agents: int
    needs: int
    cost: float | None
    tokens: int


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
