"""`attach-agent`: this terminal on the session of an interactive agent."""

from __future__ import annotations

import os
import shutil
import sys

import click

from fleettui.cli.door import STATE, ask, state_of
from fleettui.cli.names import find_agent
from fleettui.client import Client
from fleettui.core.errors import Refused
from fleettui.core.sessions import session_name, session_socket
from fleettui.core.views.queries import ReadAgents
from fleettui.core.views.rows import AgentRow


@click.command("attach-agent")
@click.argument("agent")
@STATE
@click.pass_context
def attach_agent(context: click.Context, *, agent: str, state: str) -> None:
    """Show the tmux session of AGENT on this terminal; F12 comes back."""

    async def find(client: Client) -> AgentRow:
        return find_agent(await client.read(ReadAgents()), agent)

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
