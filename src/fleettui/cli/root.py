"""The root of the command line: names and short helps here, each command loaded when it runs."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from importlib import import_module
from typing import Any, Final

import click

from fleettui import __version__
from fleettui.core.errors import BadSpec, FleettuiError
from fleettui.core.safe import one_line, sanitize

INVALID_FILE, INTERRUPTED = 3, 130

# name: (module, attribute, short help)
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "open": ("fleets", "open_", "Open a fleet file and show it."),
    "attach": ("fleets", "attach", "Show a fleet that is open."),
    "run": ("run", "run", "Run a task without a screen, for scripts and CI."),
    "tenant": ("tenants", "tenant", "List, show, add, hold and release tenants."),
    "hold": ("tenants", "hold", "Let nothing begin on this host."),
    "release": ("tenants", "release", "Let what is held go on."),
    "ls": ("fleets", "ls", "List the fleets of this host."),
    "ps": ("agents", "ps", "List agents, those that need you first."),
    "inbox": ("inbox", "inbox", "List what waits for a person."),
    "approve": ("inbox", "approve", "Allow one exact action, once."),
    "deny": ("inbox", "deny", "Refuse an action; the agent gets the reason."),
    "rules": ("inbox", "rules", "List the rules saved by `approve --always`, or revoke one."),
    "start": ("agents", "start", "Start an agent that is stopped or failed."),
    "pause": ("agents", "pause", "Pause an agent at its next safe point."),
    "resume": ("agents", "resume", "Let a paused agent go on."),
    "stop": ("agents", "stop", "Stop a fleet, or one agent, at a safe point."),
    "restart": ("agents", "restart", "Stop an agent at once and start it again."),
    "remove": ("agents", "remove", "Take a stopped agent out of its fleet."),
    "attach-agent": ("attaching", "attach_agent", "Show an interactive agent's own terminal."),
    "checkpoint": ("history", "checkpoint", "Mark this point of an agent's history."),
    "checkpoints": ("history", "checkpoints", "List the points an agent can be taken back to."),
    "rollback": ("history", "rollback", "Take an agent back to a checkpoint."),
    "fork": ("history", "fork", "Begin a new agent at a checkpoint of another."),
    "workspaces": ("workspaces", "workspaces", "List where agents work; take merged ones away."),
    "diff": ("workspaces", "diff", "Show what an agent changed in its folder."),
    "merge": ("workspaces", "merge", "Take an agent's work into your branch, if it is clean."),
    "send": ("messages", "send", "Put a message into an agent's queue."),
    "queue": ("messages", "queue", "List the queue; retry or drop a message."),
    "votes": ("records", "votes", "Show the ballots and their votes."),
    "log": ("records", "log", "Show an agent's log."),
    "events": ("records", "events", "Print the events of a fleet as JSON lines."),
    "report": ("records", "report", "Print the report of a run."),
    "runs": ("records", "runs", "List the runs of a fleet."),
    "alerts": ("alerts", "alerts", "List what is not as it should be."),
    "stats": ("stats", "stats", "Show what the host holds and did."),
    "plan": ("plans", "plan", "Show, hold, change or resume the parts of a run."),
    "health": ("health", "health", "Show how every agent is, or how one was."),
    "memory": ("memory", "memory", "List what fleets remember together."),
    "serve": ("serving", "serve", "Serve flows without a screen."),
    "requests": ("requests", "requests", "List what flows were given; hold, drop, retry."),
    "metrics": ("metrics", "metrics", "Print what was counted, as Prometheus reads it."),
    "audit": ("audit", "audit", "Prove that the record is as it was stored, or hand it out."),
    "secret": ("secret", "secret", "Keep secrets for agents; a value is never shown."),
    "validate": ("validate", "validate", "Check fleet files."),
    "policy": ("policy", "policy", "Say what rules make of commands, running none."),
    "flow": ("flows", "flow", "List flows, and say which of them takes a message."),
    "generate": ("generate", "generate", "Write a flow for an agent."),
    "import": ("imports", "import_", "Say what another tool's files become here, and copy them."),
    "schema": ("schema", "schema", "Print the JSON Schema of fleet files."),
    "completion": ("completion", "completion", "Print a completion script for your shell."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported only when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(import_module(f"fleettui.cli.{module}"), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, importing none."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; every error becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except FleettuiError as error:
            ctx.exit(complain(error))
        except KeyboardInterrupt:
            click.echo("", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            # Who read us is gone; nothing must be flushed to it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(1)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as defect:  # noqa: BLE001 nobody ever sees a traceback
            if os.environ.get("FLEETTUI_DEBUG"):
                traceback.print_exc()
            where = "set FLEETTUI_DEBUG=1 to see where"
            click.echo(f"fleettui: error: {one_line(repr(defect))}, {where}", err=True)
            ctx.exit(1)


def complain(error: FleettuiError) -> int:
    """Print an error in one line, placed problems first; give its exit code."""
    if isinstance(error, BadSpec):
        for problem in error.problems:
            click.echo(sanitize(problem), err=True)
    mend = f", {error.mend}" if error.mend else ""
    click.echo(f"fleettui: error: {one_line(error.message)}{one_line(mend)}", err=True)
    return INVALID_FILE if isinstance(error, BadSpec) else 1


@click.group(
    cls=LazyGroup,
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 invalid file, 4 no verdict or a person is"
    " needed.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fleettui")
@click.option("--state", metavar="DIR", default="", help="The state folder (or FLEETTUI_STATE).")
@click.option(
    "--tenant", metavar="NAME", default="", envvar="FLEETTUI_TENANT", help="Only this tenant."
)
@click.option(
    "--as",
    "rights_of",
    metavar="MEMBER",
    default="",
    help="See and do only what this member may; what you do stays yours.",
)
@click.pass_context
def cli(context: click.Context, state: str, tenant: str, rights_of: str) -> None:
    """k9s for fleets of AI agents.

    Open a fleet file, give the fleet a task, see every agent, answer what waits for a person,
    pause or roll back what goes wrong.
    """
    context.meta["state"] = state
    context.meta["scope"] = {"tenant": tenant, "as": rights_of}
    if context.obj is not None:
        context.obj.tenant, context.obj.rights_of = tenant, rights_of
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
