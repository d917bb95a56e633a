"""`fleettui validate`: what is wrong in fleet files, line by line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import click
import msgspec

from fleettui.core.safe import one_line
from fleettui.core.spec.problem import Problem

INVALID = 3


class Checker(Protocol):
    """What the command needs of the program it belongs to."""

    def check_files(
        self, paths: Sequence[str], environment: Mapping[str, str]
    ) -> Sequence[Problem]:
        """Check files, and every YAML file below folders."""


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.option("--strict", is_flag=True, help="Let a warning fail too.")
@click.pass_context
def validate(
    context: click.Context, paths: tuple[str, ...], *, as_json: bool, strict: bool
) -> None:
    """Check fleet files, or every YAML file in folders, and say what is wrong and where.

    Ends with 0 when all is well and 3 when a file has an error.
    """
    checker: Checker = context.obj
    problems = checker.check_files(paths, dict(os.environ))
    if as_json:
        click.echo(msgspec.json.encode(problems).decode())
    else:
        for problem in problems:
            click.echo(one_line(problem))
        _sum_up(problems)
    if (strict and problems) or any(problem.severity == "error" for problem in problems):
        context.exit(INVALID)


def _sum_up(problems: Sequence[Problem]) -> None:
    """Say on stderr how many there are, so that stdout holds problems only."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        click.echo("no problems", err=True)
        return
    counts = [(errors, "error"), (warnings, "warning")]
    listed = [f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count]
    click.echo(", ".join(listed), err=True)
