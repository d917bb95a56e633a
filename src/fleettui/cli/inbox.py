"""`inbox`, `approve`, `deny`, `rules`: what waits for a person, and the answers."""

from __future__ import annotations

import shlex
from typing import Literal

import click

from fleettui.cli.door import JSON, STATE, ask, read
from fleettui.cli.item import item_lines
from fleettui.cli.names import find_item
from fleettui.cli.printing import age, print_json, print_table, put, say
from fleettui.client import Client
from fleettui.core.commands import Approve, Deny, OverrideBallot, RevokeRule, Withdraw
from fleettui.core.errors import NotFound, Refused
from fleettui.core.views.queries import ReadInbox, ReadRules
from fleettui.core.views.rows import InboxRow, RuleRow


@click.command()
@click.argument("fleet", required=False, default="")
@STATE
@JSON
@click.pass_context
def inbox(context: click.Context, *, fleet: str, state: str, as_json: bool) -> None:
    """List what waits for a person, oldest first."""
    rows: tuple[InboxRow, ...] = read(context, state, ReadInbox(fleet))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("ID", "KIND", "AGENT", "AGE", "NEEDS", "WHAT"),
        [
            (row.id, row.kind, row.agent or row.fleet, age(row.asked_at), _needs(row), _what(row))
            for row in rows
        ],
    )


def _needs(row: InboxRow) -> str:
    return f"{row.needs} {row.chain}".rstrip()


def _what(row: InboxRow) -> str:
    if row.action is not None and row.action.argv:
        return shlex.join(row.action.argv)
    return row.summary


@click.command()
@click.argument("item", metavar="ID")
@click.option(
    "--always",
    type=click.Choice(["agent", "fleet"]),
    default=None,
    help="Save the shown rule for this agent, or for the whole fleet.",
)
@click.option("--show", is_flag=True, help="Print the whole of it, and answer nothing.")
@click.option(
    "--withdraw", is_flag=True, help="Take your own approval back, while others are needed."
)
@click.option("--yes", is_flag=True, help="Confirm an action that destroys something.")
@click.option("--verdict", default="", help="For a ballot: the option you choose.")
@click.option("--reason", default="", help="For a ballot: why.")
@STATE
@JSON
@click.pass_context
def approve(
    context: click.Context,
    *,
    item: str,
    always: Literal["agent", "fleet"] | None,
    show: bool,
    withdraw: bool,
    yes: bool,
    verdict: str,
    reason: str,
    state: str,
    as_json: bool,
) -> None:
    """Allow one exact action, once; decide a ballot that agents did not; restart a failed agent."""

    async def answer(client: Client) -> InboxRow:
        row = find_item(await client.read(ReadInbox()), item)
        if show:
            return row
        if withdraw:
            await client.send(Withdraw(row.fleet, row.id))
            return row
        if row.kind == "ballot":
            if not verdict:
                raise Refused(
                    f"{row.id} is a ballot",
                    f"choose with --verdict ({', '.join(row.options)}) and --reason",
                )
            await client.send(OverrideBallot(row.fleet, row.id, verdict, reason))
            return row
        await client.send(
            Approve(
                row.fleet,
                row.id,
                row.version,
                row.action.digest if row.action else "",
                row.nonce,
                always or "",
                confirmed=yes,
            )
        )
        return row

    row = ask(context, state, answer)
    if show:
        print_json(row) if as_json else put("\n".join(item_lines(row)))
        return
    done = "withdrawn" if withdraw else verdict or "approved"
    if as_json:
        print_json({"id": row.id, "answer": done, "action": row.action})
    else:
        say(f"{row.id} {done}: {_what(row)}")


@click.command()
@click.argument("item", metavar="ID")
@click.option("--reason", default="", help="What the agent is told.")
@STATE
@JSON
@click.pass_context
def deny(context: click.Context, *, item: str, reason: str, state: str, as_json: bool) -> None:
    """Refuse an action; the agent gets the reason. Or leave a failed agent as it is."""

    async def answer(client: Client) -> InboxRow:
        row = find_item(await client.read(ReadInbox()), item)
        if row.kind == "ballot":
            raise Refused(
                f"{row.id} is a ballot", "decide it with: approve ID --verdict V --reason R"
            )
        await client.send(Deny(row.fleet, row.id, row.version, reason))
        return row

    row = ask(context, state, answer)
    if as_json:
        print_json({"id": row.id, "answer": "denied", "action": row.action})
    else:
        say(f"{row.id} denied: {_what(row)}")


@click.command()
@click.option("--revoke", metavar="ID", default="", help="Take a rule back.")
@STATE
@JSON
@click.pass_context
def rules(context: click.Context, *, revoke: str, state: str, as_json: bool) -> None:
    """List the rules saved by `approve --always`, or revoke one."""

    async def act(client: Client) -> tuple[RuleRow, ...]:
        rows: tuple[RuleRow, ...] = await client.read(ReadRules())
        if not revoke:
            return rows
        found = [row for row in rows if revoke in {row.id, row.id.rsplit("/", 1)[-1]}]
        if len(found) != 1:
            raise NotFound(f"no rule, or several, fit '{revoke}'", "fleettui rules lists them")
        await client.send(RevokeRule(found[0].fleet, found[0].id))
        return tuple(row for row in rows if row is not found[0])

    rows = ask(context, state, act)
    if as_json:
        print_json(rows)
        return
    if revoke:
        put(f"revoked {revoke}")
    print_table(
        ("ID", "SCOPE", "PATTERN", "BY", "AGE"),
        [(row.id, row.agent or row.fleet, row.pattern, row.by, age(row.at)) for row in rows],
    )
