"""`fleettui flow run` and `flow send`: messages for flows, given by hand."""

from __future__ import annotations

import asyncio
import os

import click
from msgspec.structs import replace

from fleettui.cli.door import JSON, STATE, Doors, state_of
from fleettui.cli.printing import print_json, put, say
from fleettui.cli.requests import find_request
from fleettui.client import Client
from fleettui.core.commands.requests import SendToFlow, UseFlows
from fleettui.core.errors import Ambiguous, NotFound
from fleettui.core.safe import one_line, sanitize
from fleettui.core.tenancy import DEFAULT
from fleettui.core.views.queries import ReadFlows
from fleettui.core.views.rows import FlowRow, RequestRow

DONE, FAILED, UNDECIDED = 0, 1, 4
_ENDED = ("finished", "dead", "dropped")

_WAIT = click.option("--wait", is_flag=True, help="Wait for the answer, and print it.")
_TIMEOUT = click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="S", help="Wait at most S seconds."
)
_TENANT = click.option(
    "--tenant", metavar="NAME", default="", help="The tenant it is for (default: the flow's)."
)
_FLOWS = click.option(
    "--flows",
    "folder",
    metavar="DIR",
    default="",
    help="The folder of flows, where no `fleettui serve` has one (default: ./flows).",
)


@click.command("run")
@click.argument("flow")
@click.argument("text", nargs=-1)
@_WAIT
@_TIMEOUT
@_TENANT
@_FLOWS
@STATE
@JSON
@click.pass_context
def run(
    context: click.Context,
    *,
    flow: str,
    text: tuple[str, ...],
    wait: bool,
    timeout: float | None,
    tenant: str,
    folder: str,
    state: str,
    as_json: bool,
) -> None:
    r"""Give FLOW a message, whatever its filters say.

    \b
    Exit codes with --wait: 0 answered, 1 failed, 4 not over yet.
    """
    _send(
        context, state, SendToFlow(tenant, " ".join(text), flow), folder, timeout,
        wait=wait, as_json=as_json,
    )  # fmt: skip


@click.command("send")
@click.argument("text", nargs=-1)
@click.option("--platform", default="manual", help="The platform it is taken to come from.")
@click.option("--channel", default="", help="Its channel.")
@click.option("--user", default="", help="Who wrote it, for the router; you stay who asks.")
@click.option("--event", default="", help="What kind of message it is.")
@_WAIT
@_TIMEOUT
@_TENANT
@_FLOWS
@STATE
@JSON
@click.pass_context
def send(
    context: click.Context,
    *,
    text: tuple[str, ...],
    platform: str,
    channel: str,
    user: str,
    event: str,
    wait: bool,
    timeout: float | None,
    tenant: str,
    folder: str,
    state: str,
    as_json: bool,
) -> None:
    """Send a message to whichever flow the router chooses."""
    message = SendToFlow(
        tenant, " ".join(text), platform=platform, channel=channel, user=user, event=event
    )
    _send(context, state, message, folder, timeout, wait=wait, as_json=as_json)


def _send(
    context: click.Context,
    state: str,
    message: SendToFlow,
    folder: str,
    timeout: float | None,
    *,
    wait: bool,
    as_json: bool,
) -> None:
    doors: Doors = context.obj
    place = os.path.abspath(folder or "flows")
    place = place if os.path.isdir(place) else ""

    async def through() -> RequestRow:
        async with doors.join_or_start(state_of(context, state)) as client:
            await _choose_flows(client, folder, place)
            tenant = message.tenant or doors.tenant or await _tenant_of(client, message.flow)
            async with client.watch() as watch:
                request = await client.send(replace(message, tenant=tenant))
                name = f"{tenant}/{request}"
                if wait:
                    try:
                        async with asyncio.timeout(timeout):
                            while (await find_request(client, name)).status not in _ENDED:
                                await watch.take()
                    except TimeoutError:
                        say(f"{request} is not over yet: fleettui requests show {request}")
            return await find_request(client, name)

    row = asyncio.run(through())
    if as_json:
        print_json(row)
    elif wait and row.status == "finished":
        put(sanitize(row.output))
    elif row.status in {"dead", "dropped"}:
        say(f"{row.id} {row.status}: {one_line(row.why)}")
    else:
        put(f"{row.id} {row.status}: flow {row.flow}")
    if wait:
        context.exit(
            {"finished": DONE, "dead": FAILED, "dropped": FAILED}.get(row.status, UNDECIDED)
        )


async def _tenant_of(client: Client, flow: str) -> str:
    """Name the tenant of the one flow of that name; `default` where none is meant or known."""
    rows: tuple[FlowRow, ...] = await client.read(ReadFlows()) if flow else ()
    found = [row.tenant for row in rows if row.flow == flow]
    if len(found) > 1:
        names = ", ".join(found)
        raise Ambiguous(f"several flows are named '{flow}'", f"name a tenant of: {names}")
    return found[0] if found else DEFAULT


async def _choose_flows(client: Client, folder: str, place: str) -> None:
    """Tell a host that serves no flows of its own where they are."""
    if folder or (place and not await client.read(ReadFlows())):
        if not place:
            raise NotFound(f"there is no folder {folder}", "name one with --flows")
        await client.send(UseFlows(DEFAULT, place, environment=dict(os.environ)))
