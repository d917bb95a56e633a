"""`fleettui generate`: files that begin with what is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import click

from fleettui.cli.printing import print_json, put, say
from fleettui.cli.writing import write_file
from fleettui.core.safe import one_line


class Generated(Protocol):
    """A flow's text, its names, and what is to be known of it."""

    @property
    def flow(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def notes(self) -> Sequence[str]: ...


class Generator(Protocol):
    """What the command needs of the program it belongs to."""

    def flow_from_agent(self, path: str, output: str, environment: Mapping[str, str]) -> Generated:
        """Write the text of a flow for the agent of a file; raises BadSpec, Refused."""


@click.group()
def generate() -> None:
    """Write a file that begins with what is there."""


@generate.command()
@click.option("--from-agent", "agent", metavar="FILE", required=True, help="A file of kind Agent.")
@click.option("--output", metavar="FILE", default="", help="Where to write it (default: print it).")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def flow(context: click.Context, *, agent: str, output: str, force: bool, as_json: bool) -> None:
    """Write a flow that gives messages to an agent, to begin with.

    It is named after its file, and takes what people give it by hand; the filters of chat
    platforms stand in it as comments.
    """
    generator: Generator = context.obj
    made = generator.flow_from_agent(agent, output, dict(os.environ))
    if output:
        write_file(output, made.text, force=force)
    for note in made.notes:
        say(one_line(note))
    if as_json:
        print_json(
            {"flow": made.flow, "agent": made.agent, "file": output or None, "text": made.text}
        )
    elif output:
        say(f"wrote {output}: flow {made.flow}, for agent {made.agent}")
    else:
        put(made.text.rstrip("\n"))
