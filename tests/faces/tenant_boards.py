"""Boards of hosts with several tenants, for tests of the screen."""

from __future__ import annotations

from typing import Any

from boards import NOW, agent, board, item, run
from msgspec.structs import replace

from fleettui.core.tenancy import fleet_id
from fleettui.core.views.rows import Board, FleetRow, TenantRow


def fleet(tenant: str, name: str, /, **fields: Any) -> FleetRow:
    row = FleetRow(
        fleet_id(tenant, name), tenant, name, f"/fleets/{name}.yaml", "/home/ana/web", "peer",
        "open", 2, 0, "", (),
    )  # fmt: skip
    return replace(row, **fields)


def tenant(name: str, /, **fields: Any) -> TenantRow:
    row = TenantRow(
        name, 1, 2, 0, 0.4, 12000, plan="standard", turns=0, turns_quota=8, attention="idle"
    )
    return replace(row, **fields)


WEB = fleet("acme", "web", agents=7, needs=2, running="web@acme/r1")
THREE = (
    tenant("acme", fleets=2, agents=9, needs=2, cost=4.12, tokens=125000, plan="enterprise",
           turns=3, attention="need"),
    tenant("globex", needs=1, attention="need", plan="free", turns_quota=None),
    tenant("initech", held_by="bob", cost=1.5, attention="pause"),
)  # fmt: skip
AGENTS = (
    agent("security-1", tenant="acme", fleet=WEB.id, status="waiting", attention="need",
          step="pip-audit --fix", since=NOW - 252),
    agent("perf-1", tenant="acme", fleet=WEB.id, status="working", attention="run",
          step="llm call 3", since=NOW - 4),
)  # fmt: skip
INBOX = (
    item("web@acme/a1", tenant="acme", fleet=WEB.id),
    item("api@globex/a1", tenant="globex", fleet="api@globex", agent="lint-1",
         asked_at=NOW - 60),
    item("web@acme/a2", tenant="acme", fleet=WEB.id, agent="perf-1", asked_at=NOW - 20),
)  # fmt: skip


def tenants_board(**fields: Any) -> Board:
    """Give three tenants, of which acme's fleet web is shown."""
    whole = board(
        fleet=WEB.id,
        fleets=(
            WEB, fleet("acme", "api"), fleet("globex", "api", needs=1), fleet("initech", "ops"),
        ),
        tenants=THREE,
        agents=AGENTS,
        inbox=INBOX,
        runs=(run(id="web@acme/r1", fleet=WEB.id, tenant="acme"),),
        default_task="",
    )  # fmt: skip
    return replace(whole, **fields)


def many_board(tenants: int, fleets: int = 3) -> Board:
    """Give a host of many tenants with some fleets each."""
    names = [f"org-{number:03}" for number in range(tenants)]
    rows = tuple(fleet(name, f"fleet-{number}") for name in names for number in range(fleets))
    return board(
        fleet=rows[0].id, fleets=rows, inbox=(), agents=(), runs=(), ballots=(), messages=(),
        default_task="",
        tenants=tuple(tenant(name, fleets=fleets) for name in names),
    )  # fmt: skip
