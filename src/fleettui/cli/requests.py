"""`fleettui requests`: what flows were given, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click

from fleettui.cli.door import JSON, STATE, ask, read
from fleettui.cli.listing import Listing
from fleettui.cli.printing import print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import OperatorCommand
from fleettui.core.commands.requests import (
    DropRequest,
    HoldRequest,
    MoveRequest,
    ReleaseRequest,
    RetryRequest,
)
from fleettui.core.errors import Ambiguous
from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.safe import one_line, sanitize
from fleettui.core.views.queries import ReadRequests
from fleettui.core.views.rows import RequestRow

_MANY = 10_000


@click.group(cls=Listing)
def requests() -> None:
    """List the requests of flows; hold, move, drop or retry one."""


@requests.command("ls")
@click.option("--flow", metavar="NAME", default="", help="Only those of this flow.")
@click.option("--most", metavar="N", type=click.IntRange(min=1), default=100, help="At most N.")
@STATE
@JSON
@click.pass_context
def ls(context: click.Context, *, flow: str, most: int, state: str, as_json: bool) -> None:
    """List requests, the newest first."""
    rows: tuple[RequestRow, ...] = read(context, state, ReadRequests(flow=flow, most=most))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("REQUEST", "TENANT", "FLOW", "FROM", "STATE", "TEXT", "WHY"),
        [
            (
                row.id, row.tenant, row.flow, _sender(row), row.status, one_line(row.text, 40),
                one_line(row.why, 60),
            )
            for row in rows
        ],
    )  # fmt: skip


@requests.command("show")
@click.argument("request")
@STATE
@JSON
@click.pass_context
def show(context: click.Context, *, request: str, state: str, as_json: bool) -> None:
    """Show a request and its whole answer."""

    async def find(client: Client) -> RequestRow:
        return await find_request(client, request)

    row = ask(context, state, find)
    if as_json:
        print_json(row)
        return
    lines = {
        "request": row.id,
        "tenant": row.tenant,
        "flow": row.flow + (f" ({row.agent})" if row.agent else ""),
        "from": _sender(row),
        "came": _when(row.at),
        "state": row.status + (f" ({row.error_type})" if row.error_type else ""),
        "why": row.why or "-",
        "run": f"{row.run}, try {row.tries}" if row.run else "-",
        "tokens": row.tokens,
        "reply": row.reply,
    }
    for name, value in lines.items():
        put(f"{name:<8} {one_line(value)}")
    put(f"\n{sanitize(row.text)}")
    if row.output:
        put(f"\n{sanitize(row.output)}")


@requests.command("hold")
@click.argument("request")
@STATE
@click.pass_context
def hold(context: click.Context, *, request: str, state: str) -> None:
    """Let a request wait until it is released."""
    _change(context, state, request, lambda row: HoldRequest(row.tenant, row.id), "held")


@requests.command("release")
@click.argument("request")
@STATE
@click.pass_context
def release(context: click.Context, *, request: str, state: str) -> None:
    """Let a held request wait for its turn again."""
    _change(context, state, request, lambda row: ReleaseRequest(row.tenant, row.id), "released")


@requests.command("drop")
@click.argument("request")
@click.option("--why", metavar="TEXT", default="", help="The reason; whoever wrote is told it.")
@STATE
@click.pass_context
def drop(context: click.Context, *, request: str, why: str, state: str) -> None:
    """Take a request out of the queue; `retry` brings it back."""
    _change(context, state, request, lambda row: DropRequest(row.tenant, row.id, why), "dropped")


@requests.command("retry")
@click.argument("request")
@STATE
@click.pass_context
def retry(context: click.Context, *, request: str, state: str) -> None:
    """Let a dead or dropped request run again."""
    _change(context, state, request, lambda row: RetryRequest(row.tenant, row.id), "waits again")


@requests.command("move")
@click.argument("request")
@click.option("--priority", type=click.Choice(PRIORITIES), default="normal", help="Its priority.")
@click.option("--first", is_flag=True, help="To the beginning of its line.")
@STATE
@click.pass_context
def move(
    context: click.Context, *, request: str, priority: Priority, first: bool, state: str
) -> None:
    """Give a request that waits another place."""
    _change(
        context, state, request, lambda row: MoveRequest(row.tenant, row.id, priority, first),
        "moved",
    )  # fmt: skip


async def find_request(client: Client, request: str) -> RequestRow:
    """Find a request by its id, or by TENANT/ID where several tenants have it."""
    tenant, _, name = request.rpartition("/")
    found: tuple[RequestRow, ...] = await client.read(ReadRequests(request=name, most=_MANY))
    mine = [row for row in found if tenant in {"", row.tenant}]
    if len(mine) != 1:
        names = ", ".join(f"{row.tenant}/{row.id}" for row in mine or found)
        raise Ambiguous(f"'{request}' is not one request", f"name one of: {names}")
    return mine[0]


def _change(
    context: click.Context,
    state: str,
    request: str,
    command: Callable[[RequestRow], OperatorCommand],
    done: str,
) -> None:
    async def change(client: Client) -> None:
        await client.send(command(await find_request(client, request)))

    ask(context, state, change)
    say(f"{request} {done}")


def _sender(row: RequestRow) -> str:
    who = row.person or row.user
    return one_line(" ".join(filter(None, (row.platform, row.channel, who))), 40)


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"
