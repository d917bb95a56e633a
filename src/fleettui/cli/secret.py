"""`secret`: what a tenant's agents may be given and nobody is shown."""

from __future__ import annotations

import os
import pwd
import sys
import time

import click

from fleettui.cli.door import JSON, STATE, Doors, KeptSecrets, state_of
from fleettui.cli.printing import age, print_json, print_table, say
from fleettui.core.errors import Refused
from fleettui.core.redaction import SAFE
from fleettui.core.secrets import check_name, check_tenant, variable_of
from fleettui.core.tenancy import DEFAULT
from fleettui.core.views.rows import SecretRow

_TENANT = click.option(
    "--tenant", metavar="NAME", default="", help="Whose secret (default: --tenant before it)."
)
# Whatever stands here is refused: it was meant as the value, or is a mistake.
_REST = click.argument("rest", nargs=-1, metavar="")


@click.group()
def secret() -> None:
    """Keep secrets for agents: sealed on the disk, injected at their start, shown to nobody."""


@secret.command("set")
@click.argument("name")
@_REST
@_TENANT
@STATE
@click.pass_context
def set_(
    context: click.Context, *, name: str, rest: tuple[str, ...], tenant: str, state: str
) -> None:
    """Set the secret NAME; the value comes on standard input, or at a hidden prompt."""
    _put(context, name, rest, tenant, state, anew=False)


@secret.command()
@click.argument("name", default="")
@_REST
@click.option("--master", is_flag=True, help="Seal everything with a new master key.")
@_TENANT
@STATE
@click.pass_context
def rotate(
    context: click.Context, *, name: str, rest: tuple[str, ...], master: bool, tenant: str,
    state: str,
) -> None:  # fmt: skip
    """Give the secret NAME a new value; the one before is still cut out of what agents write."""
    if not master:
        if not name:
            raise click.UsageError("name the secret, or give --master")
        _put(context, name, rest, tenant, state, anew=True)
        return
    if name or rest:
        raise click.UsageError("--master is for all secrets: leave the name out")
    store = _store(context, state)
    given = _value("the new master key") if store.master.is_given else ""
    tenants = store.change_master(given)
    say(f"sealed the secrets of {tenants} tenants with a new master key")


@secret.command("list")
@_TENANT
@STATE
@JSON
@click.pass_context
def list_(context: click.Context, *, tenant: str, state: str, as_json: bool) -> None:
    """List the names of a tenant's secrets, when each was set and by whom; never a value."""
    tenant = _whose(context, tenant)
    rows = [
        SecretRow(one.name, tenant, one.version, one.at, one.by, variable_of(one.name))
        for one in _store(context, state).listed(tenant)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("NAME", "VERSION", "SET", "BY", "VARIABLE"),
        [(row.name, row.version, age(row.at), row.by, row.variable) for row in rows],
    )


@secret.command()
@click.argument("name")
@_TENANT
@STATE
@click.pass_context
def rm(context: click.Context, *, name: str, tenant: str, state: str) -> None:
    """Forget the secret NAME; what was replaced before too."""
    tenant = _whose(context, tenant)
    _store(context, state).remove(tenant, check_name(name))
    say(f"forgotten: {name}")


def _put(
    context: click.Context, name: str, rest: tuple[str, ...], tenant: str, state: str, *,
    anew: bool,
) -> None:  # fmt: skip
    if rest:
        raise Refused(
            "a value on the command line is seen by everybody on this machine",
            "give it on standard input, or at the prompt, and take it out of your shell's history",
        )
    check_name(name)
    tenant = _whose(context, tenant)
    store = _store(context, state)
    made = not store.master.candidates()
    value = _value(f"the value of {name}")
    version = store.put(tenant, name, value, time.time(), _user(), anew=anew)
    if made:
        say(f"made a master key in {store.master.where()}: without it nothing can be opened")
    if len(value) < SAFE:
        say(f"it is shorter than {SAFE} characters: only found where it stands as a word")
    say(
        f"{name} is set, version {version}: agents get it as {variable_of(name)} if their file says"
    )


def _whose(context: click.Context, tenant: str) -> str:
    """Name the tenant that is meant."""
    doors: Doors = context.obj
    if tenant and doors.tenant not in {"", tenant}:
        raise Refused(f"--tenant says {doors.tenant} and {tenant}", "name one of the two")
    return check_tenant(tenant or doors.tenant or DEFAULT)


def _store(context: click.Context, state: str) -> KeptSecrets:
    doors: Doors = context.obj
    if doors.rights_of:
        raise Refused("only who owns the state folder keeps its secrets", "leave --as out")
    return doors.secrets(state_of(context, state))


def _value(what: str) -> str:
    """Read from standard input, one line end at its end taken off, or ask where it is typed."""
    if sys.stdin.isatty():
        prompt = what[0].upper() + what[1:]
        asked: str = click.prompt(prompt, hide_input=True, confirmation_prompt="Again", err=True)
        return asked
    try:
        text = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{what} is not UTF-8 text", "encode it, as base64 say") from error
    return text.removesuffix("\n").removesuffix("\r")


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
