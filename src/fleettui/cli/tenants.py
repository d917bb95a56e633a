"""`tenant`, `hold`, `release`: the organisations of a host, and what lets nothing begin."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import click

from fleettui.cli.door import JSON, STATE, Doors, ask, read, state_of
from fleettui.cli.listing import Listing
from fleettui.cli.printing import money, print_json, print_table, say
from fleettui.client import Client
from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.errors import Forbidden, HostGone, Refused
from fleettui.core.quota import when
from fleettui.core.tenancy import DEFAULT, is_tenant_name
from fleettui.core.views.queries import ReadProblems, ReadTenant, ReadTenantFolder, ReadTenants
from fleettui.core.views.rows import TenantDetail, TenantRow

_PLANS = click.Choice(("free", "standard", "enterprise"))
# What is measured now and then, other than what has calls of unknown price in it.
_ABOUT = {"memory": "~", "cpu": "~"}
# How long (seconds) a host may take to see a new file.
_SEEN_WITHIN = 5.0
_NAME = "use a-z, 0-9 and '-', at most 63 characters"


@click.group(cls=Listing)
def tenant() -> None:
    """List, show, add, hold and release tenants."""


@tenant.command("ls")
@STATE
@JSON
@click.pass_context
def ls(context: click.Context, *, state: str, as_json: bool) -> None:
    """List the tenants that you belong to."""

    async def look(client: Client) -> tuple[tuple[TenantRow, ...], tuple[str, ...]]:
        return await client.read(ReadTenants()), await client.read(ReadProblems())

    rows, problems = ask(context, state, look, start=True)
    for problem in problems:
        say(problem)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("TENANT", "PLAN", "YOU", "FLEETS", "AGENTS", "TURNS", "QUEUED", "NEEDS", "COST", "STATE"),
        [
            (
                row.name, row.plan, row.role, row.fleets, _of(row.agents, row.agents_quota),
                _of(row.turns, row.turns_quota), _of(row.messages, row.messages_quota), row.needs,
                money(row.cost), standing(row),
            )
            for row in rows
        ],
    )  # fmt: skip


@tenant.command("show")
@click.argument("name")
@STATE
@JSON
@click.pass_context
def show(context: click.Context, *, name: str, state: str, as_json: bool) -> None:
    """Show a tenant: its plan, what it uses of its quotas, and its members."""
    found: TenantDetail = read(context, state, ReadTenant(tenant=name))
    if as_json:
        print_json(found)
        return
    row = found.tenant
    lines = {
        "tenant": row.name,
        "plan": row.plan,
        "state": standing(row),
        "you": row.role,
        "file": row.file or "none",
        "fleets": row.fleets,
        "agents": _of(row.agents, row.agents_quota),
        "turns": _of(row.turns, row.turns_quota),
        "queued": _of(row.messages, row.messages_quota),
        "needs you": row.needs,
        "tokens": f"{row.tokens:,} ({row.tokens_today:,} today)",
        "cost": f"{money(row.cost)} ({money(row.cost_today)} today)",
    }
    print_table(("", ""), list(lines.items()))
    if row.quotas:
        print_table(
            ("QUOTA", "USED", "OF", "SHARE", "AGAIN"),
            [
                (
                    one.name, ("" if one.exact else _ABOUT.get(one.name, ">= "))
                    + _amount(one.name, one.used), _amount(one.name, one.most),
                    f"{one.share:.0%}", when(one.again_at, time.time()) if one.again_at else "",
                )
                for one in row.quotas
            ],
        )  # fmt: skip
    print_table(
        ("MEMBER", "ROLE", "IDENTITIES"),
        [
            (one.name, one.role, ", ".join(f"{key}:{own}" for key, own in one.identities.items()))
            for one in found.members
        ],
    )


@tenant.command("add")
@click.argument("name_or_file", metavar="NAME|FILE")
@click.option("--plan", type=_PLANS, default="standard", help="Its plan.")
@click.option(
    "--member", "members", multiple=True, metavar="NAME[:ROLE]", help="Who belongs to it."
)
@STATE
@JSON
@click.pass_context
def add(
    context: click.Context,
    *,
    name_or_file: str,
    plan: str,
    members: tuple[str, ...],
    state: str,
    as_json: bool,
) -> None:
    """Add a tenant: by its name, or by a file of kind Tenant that is copied to the host.

    The file lies in the folder `tenants` of the state folder (or in FLEETTUI_TENANTS); change it
    there, the host reads it again by itself.
    """
    doors: Doors = context.obj
    if doors.tenant or doors.rights_of:
        raise Forbidden("tenants are added by who owns the host", "leave --tenant and --as out")
    given = {"plan": plan, "members": [_member(text) for text in members]}
    by_name = is_tenant_name(name_or_file)
    if not by_name and "/" not in name_or_file and not name_or_file.endswith((".yaml", ".yml")):
        raise Refused(f"'{name_or_file}' is no name of a tenant", _NAME)
    spec, where = given if by_name else None, state_of(context, state)
    if doors.about_host(where) is None:
        path = doors.add_tenant(where, name_or_file, spec)
    else:
        path = ask(context, state, lambda client: _add(client, doors, where, name_or_file, spec))
    if as_json:
        print_json({"file": path})
    else:
        say(f"added: {path}")


async def _add(
    client: Client, doors: Doors, state: str, named: str, spec: dict[str, Any] | None
) -> str:
    """Put the file where the host that runs looks for it, and wait until it has seen it."""
    folder = await client.read(ReadTenantFolder())
    if not folder:
        raise Forbidden("tenants are added by an admin of tenant default", "ask one of them")
    async with client.watch() as watch:
        path = await asyncio.to_thread(doors.add_tenant, state, named, spec, folder)
        try:
            async with asyncio.timeout(_SEEN_WITHIN):
                while all(row.file != path for row in await client.read(ReadTenants())):
                    await watch.take()
        except TimeoutError:
            say("the host has not seen it yet: fleettui tenant ls")
    return path


@tenant.command("hold")
@click.argument("name")
@STATE
@JSON
@click.pass_context
def hold_one(context: click.Context, *, name: str, state: str, as_json: bool) -> None:
    """Let nothing of a tenant begin, until it is released."""
    ask(context, state, lambda client: client.send(HoldTenant(name)))
    if as_json:
        print_json({"tenant": name, "held": True})
        return
    say(f"{name} is held: what goes on ends, nothing begins; fleettui tenant release {name}")


@tenant.command("release")
@click.argument("name")
@STATE
@JSON
@click.pass_context
def release_one(context: click.Context, *, name: str, state: str, as_json: bool) -> None:
    """Let a held tenant go on."""
    ask(context, state, lambda client: client.send(ReleaseTenant(name)))
    if as_json:
        print_json({"tenant": name, "held": False})
        return
    say(f"{name} goes on")


@click.command()
@STATE
@JSON
@click.pass_context
def hold(context: click.Context, *, state: str, as_json: bool) -> None:
    """Let nothing begin on this host, of no tenant, until `fleettui release`."""
    try:
        ask(context, state, lambda client: client.send(HoldAll(DEFAULT)))
    except HostGone:
        ask(context, state, lambda client: client.send(HoldAll(DEFAULT)), start=True)
    if as_json:
        print_json({"held": True})
        return
    say("everything is held: what goes on ends, nothing begins; fleettui release")


@click.command()
@STATE
@JSON
@click.pass_context
def release(context: click.Context, *, state: str, as_json: bool) -> None:
    """Let the host go on after `fleettui hold`."""
    ask(context, state, lambda client: client.send(ReleaseAll(DEFAULT)))
    if as_json:
        print_json({"held": False})
        return
    say("the host goes on")


def standing(row: TenantRow) -> str:
    """Say in a few words whether anything of a tenant may begin."""
    if row.all_held_by:
        return f"all held by {row.all_held_by}"
    if row.held_by:
        return f"held by {row.held_by}"
    if row.used_up:
        return f"waits: {row.used_up}"
    return "its file is gone" if row.retired else "open"


def stopped(row: TenantRow) -> str:
    """Say why nothing of a tenant begins, and what lets it go on; empty where nothing stops it."""
    why = standing(row)
    if row.all_held_by:
        return f"{why}; fleettui release"
    if row.held_by:
        return f"{row.name} is {why}; fleettui tenant release {row.name}"
    if row.retired:
        return f"the file of tenant {row.name} is gone; put it back: {row.file}"
    return why if row.used_up else ""


def _amount(name: str, value: float) -> str:
    """Write an amount in the unit of its quota."""
    if name.startswith(("cost", "budgets")):
        return f"${value:,.2f}"
    if name == "memory":
        return f"{value / 2**20:,.0f} MiB"
    return f"{value:.1f} cores" if name == "cpu" else f"{value:,.0f}"


def _of(used: int, quota: int | None) -> str:
    return str(used) if quota is None else f"{used}/{quota}"


def _member(text: str) -> dict[str, Any]:
    name, _, role = text.partition(":")
    return {"name": name, "role": role or "viewer"}
