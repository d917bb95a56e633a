"""`fleettui policy check`: what the rules of a file say about commands, running none of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, Protocol, cast

import click

from fleettui.cli.command_lines import Asked, Unread, read_lines
from fleettui.cli.judged import row_of, shown
from fleettui.core.errors import NotFound
from fleettui.core.policy.judge import explain
from fleettui.core.policy.rules import PolicyRules
from fleettui.core.safe import one_line

_UNREAD: Final = 1


class LoadedPolicy(Protocol):
    """Rules read from a file, the agents it has settings for, and its warnings."""

    @property
    def rules(self) -> PolicyRules: ...
    @property
    def agents(self) -> Sequence[str]: ...
    @property
    def warnings(self) -> Sequence[str]: ...


class PolicySource(Protocol):
    """What the command needs of the program it belongs to."""

    def load_policy(self, path: str, environment: Mapping[str, str]) -> LoadedPolicy:
        """Read the rules of a fleet, a flow or a bare policy file; raises BadSpec."""


@click.group()
def policy() -> None:
    """Say what rules make of commands, running none."""


@policy.command()
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--rules", "rules_file", metavar="FILE", required=True, help="The file with rules.")
@click.option("--agent", default="", help="Apply the tool settings of this agent too.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each command.")
@click.pass_context
def check(
    context: click.Context, files: tuple[str, ...], *, rules_file: str, agent: str, as_json: bool
) -> None:
    """Judge commands from FILEs, or from standard input, and run none of them.

    A line is a shell command, or JSON: {"mode": "shell", "cmd": TEXT} or {"mode": "argv", "cmd":
    [TEXT, ...]}. The rules are those of a fleet, a flow, or a bare policy file (docs/policy.md).

    Ends with 0 when every line was judged, whatever the answers; with 1 when one could not be
    read; with 3 when the file with rules has an error.
    """
    source: PolicySource = context.obj
    loaded = source.load_policy(rules_file, dict(os.environ))
    for warning in loaded.warnings:
        click.echo(one_line(warning), err=True)
    if agent and agent not in loaded.agents:
        names = ", ".join(loaded.agents) or "none"
        raise NotFound(f"{rules_file} has no agent '{agent}'", f"it has: {names}")
    unread = 0
    out = sys.stdout.buffer
    for asked in _lines(files):
        unread += isinstance(asked, Unread)
        out.write(_answer(asked, loaded.rules, agent, as_json=as_json))
        out.flush()
    if unread:
        click.echo(f"{unread} line{'s' * (unread > 1)} could not be read", err=True)
        context.exit(_UNREAD)


def _answer(asked: Asked | Unread, rules: PolicyRules, agent: str, *, as_json: bool) -> bytes:
    if isinstance(asked, Unread):
        return asked.row() if as_json else f"error  {one_line(asked)}\n".encode()
    verdict = explain(asked.cmd, rules, entry=agent)
    return row_of(asked, verdict) if as_json else shown(asked, verdict)


def _lines(files: Sequence[str]) -> Iterator[Asked | Unread]:
    if not files:
        yield from read_lines(cast("BinaryIO", sys.stdin.buffer), "")
    for path in files:
        try:
            with open(path, "rb") as file:
                yield from read_lines(file, path)
        except OSError as error:
            raise NotFound(f"{path} can't be read: {error.strerror}", "name another file") from None
