"""`attach-agent`: this terminal on the session of an interactive agent."""

from __future__ import annotations

import os
import shutil
import sys

import click

from fleettui.cli.door import STATE, ask, state_of
from fleettui.cli.names import find_agent
from fleettui.client import Client
from fleettui.core.errors import Forbidden, Refused
from fleettui.core.sessions import session_name, session_socket
from fleettui.core.tenancy import tenant_of
from fleettui.core.views.queries import ReadAgents, ReadTenants
from fleettui.core.views.rows import AgentRow


@click.command("attach-agent")
@click.argument("agent")
@STATE
@click.pass_context
def attach_agent(context: click.Context, *, agent: str, state: str) -> None:
    """Show the tmux session of AGENT on this terminal; F12 comes back."""

    async def find(client: Client) -> AgentRow:
        found = find_agent(await client.read(ReadAgents()), agent)
        tenant = tenant_of(found.fleet)
        for one in await client.read(ReadTenants()):
            if one.name == tenant and one.role == "viewer":
                # Whoever is at a terminal types into it.
                raise Forbidden(f"a viewer of {tenant} may not attach", "fleettui log shows it")
        return found

    row = ask(context, state, find)
    if row.type != "tmux":
        raise Refused(f"{row.id} is of type {row.type} and has no session", "fleettui log shows it")
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise Refused("stdin and stdout are not a terminal", "fleettui log prints what it did")
    if shutil.which("tmux") is None:
        raise Refused("tmux is not installed", "apt-get install tmux")
    about = context.obj.about_host(state_of(context, state)) or {}
    socket = session_socket(str(about.get("state", "")), os.geteuid())
    environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
    target = f"={session_name(row.fleet, row.id)}"
    sys.stdout.flush()
    os.execvpe("tmux", ["tmux", "-S", socket, "attach-session", "-t", target], environment)  # noqa: S606, S607 the user's own tmux
