"""`open`, `attach`, `ls`: fleets, and the host they live in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from fleettui.cli.door import JSON, STATE, Doors, read, state_of
from fleettui.cli.opening import VERBS, Verb
from fleettui.cli.printing import print_json, print_table, say
from fleettui.core.errors import HostGone
from fleettui.core.views.queries import ReadFleets
from fleettui.core.views.rows import FleetRow


def _command(name: str, verb: Verb) -> click.Command:
    """Make click's command of a verb that main reads by itself when it is plainly right."""

    @click.pass_context
    def callback(context: click.Context, /, **given: Any) -> None:
        doors: Doors = context.obj
        argument = given.pop("argument", None)
        values = {
            key.replace("_", "-"): "yes" if value is True else value
            for key, value in given.items()
            if value
        }
        if argument:
            values[verb.argument] = argument
        values["state"] = state_of(context, values.get("state", ""))
        values = {**context.meta.get("scope", {}), **values}
        context.exit(doors.show(name, {key: value for key, value in values.items() if value}))

    options: list[click.Parameter] = []
    if verb.argument:
        options.append(
            click.Argument(["argument"], metavar=verb.argument, required=not verb.optional)
        )
    for one in verb.options:
        settings: dict[str, Any] = {"help": one.help, "hidden": one.hidden}
        settings |= {"metavar": one.metavar} if one.metavar else {"is_flag": True}
        options.append(click.Option([one.flag], **settings))
    run: Callable[..., None] = callback
    return click.Command(name, params=options, callback=run, help=verb.help)


open_ = _command("open", VERBS["open"])
attach = _command("attach", VERBS["attach"])


@click.command()
@STATE
@JSON
@click.pass_context
def ls(context: click.Context, *, state: str, as_json: bool) -> None:
    """List the fleets of the host of a state folder."""
    doors: Doors = context.obj
    host = doors.about_host(state_of(context, state))

    try:
        rows: tuple[FleetRow, ...] = read(context, state, ReadFleets())
    except HostGone as gone:
        if as_json:
            print_json({"host": None, "fleets": []})
        else:
            say(gone)
        return
    host = host or doors.about_host(state_of(context, state))
    if as_json:
        print_json({"host": host, "fleets": rows})
        return
    if host is not None:
        say(f"host {host['pid']} on {host['state']}, {host['faces']} terminals")
    print_table(
        ("FLEET", "STATE", "MODE", "AGENTS", "NEEDS", "RUNNING", "WORKSPACE"),
        [
            (row.id, row.state, row.mode, row.agents, row.needs, row.running or "-", row.workspace)
            for row in rows
        ],
    )
