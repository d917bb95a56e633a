"""Boards of hosts with several tenants, for tests of the screen."""

from __future__ import annotations

from typing import Any

from boards import NOW, agent, board, item, run
from msgspec.structs import replace

from fleettui.core.tenancy import fleet_id
from fleettui.core.views.rows import Board, FleetRow, FlowRow, RequestRow, TenantRow


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


def flow(name: str, /, **fields: Any) -> FlowRow:
    row = FlowRow(
        name, "acme", "Webhook", f"flows/{name}.yaml", 3, 0, 0, 0, 2, 41, NOW - 30, 0, "", 0.0,
        matches=120, takes=("Webhook", "path /deploy", "patterns ^deploy"),
        agents=("ops for ^deploy", "review"),
    )  # fmt: skip
    return replace(row, **fields)


def request(name: str, /, **fields: Any) -> RequestRow:
    row = RequestRow(
        name, "acme", "deploy", "ops", "webhook", "production", "U015VBH1GTZ", "ada",
        "deploy the web shop to production", "normal", "queued", NOW - 42, 0.0, 0.0, "", "", 1,
        "", "ada has 1 of 1 at work", "", 0, "none",
    )  # fmt: skip
    return replace(row, **fields)


FLOWS = (
    flow("deploy", at_work=1, waiting=2, dead=1),
    flow("nightly", platform="Schedule", next_due=NOW + 7200, last=NOW - 80000, matches=30,
         last_minute=0, takes=("Schedule", "cron 0 2 * * *", "timezone Europe/Berlin")),
    flow("chat", platform="Slack", state="later", last=0.0, matches=0, last_minute=0,
         why="Slack is not built yet, its flows route and don't run"),
    flow("broken", tenant="globex", platform="File", state="error", matches=0, last=0.0,
         last_minute=0, why="no file has an agent 'k8s', write agents/k8s.yaml"),
)  # fmt: skip
REQUESTS = (
    request("r7", priority="high"),
    request("r8", held_by="bob", why="held by bob"),
    request("r9", flow="broken", tenant="globex", person="", user="", platform="file",
            why="waits for its turn"),
    request("r5", status="dead", why="OPENAI_API_KEY is not set", error_type="failed"),
)  # fmt: skip
PROBLEMS = ("flows/bad.yaml:7:5: unknown trigger 'Slak', did you mean 'Slack'?",)


def flows_board(**fields: Any) -> Board:
    """Give three tenants with flows, requests that wait, and a file that does not load."""
    return tenants_board(**{"flows": FLOWS, "requests": REQUESTS, "problems": PROBLEMS} | fields)
