"""`fleettui import aof`: what another tool's files become here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import click

from fleettui.cli.printing import print_json, put, say
from fleettui.cli.writing import write_file
from fleettui.core.errors import Refused
from fleettui.core.safe import one_line

_WORDS: Final = {"taken": "taken over", "differs": "taken over, differs", "refused": "refused"}


class Note(Protocol):
    """What is to be known of a place of a file."""

    @property
    def line(self) -> int: ...
    @property
    def text(self) -> str: ...


class Imported(Protocol):
    """What a file becomes."""

    @property
    def file(self) -> str: ...
    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def status(self) -> str: ...
    @property
    def notes(self) -> Sequence[Note]: ...
    @property
    def text(self) -> str: ...


class Importer(Protocol):
    """What the command needs of the program it belongs to."""

    def import_aof(self, folder: str, environment: Mapping[str, str]) -> Sequence[Imported]:
        """Say of each file of AOF's what it becomes here; raises NotFound."""


@click.group(name="import")
def import_() -> None:
    """Say what another tool's files become here, and copy those that are taken over."""


@import_.command()
@click.argument("folder", metavar="DIR")
@click.option("--output", metavar="DIR", default="", help="Copy what is taken over into a folder.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def aof(context: click.Context, folder: str, *, output: str, force: bool, as_json: bool) -> None:
    """Look at every YAML file of a folder: taken over, taken over but different, or refused.

    With --output the files that are taken over are written there, under the same names; nothing
    is written outside it, and nothing in DIR is changed.
    """
    importer: Importer = context.obj
    found = importer.import_aof(folder, dict(os.environ))
    kept = [_write(one, output, force=force) for one in found] if output else []
    if as_json:
        print_json(
            [
                {
                    "file": one.file,
                    "kinds": list(one.kinds),
                    "status": one.status,
                    "notes": [{"line": note.line, "text": note.text} for note in one.notes],
                }
                for one in found
            ]
        )
    else:
        for one in found:
            put(f"{one_line(one.file)}: {_WORDS[one.status]} ({one_line(', '.join(one.kinds))})")
            for note in one.notes:
                put(f"  line {note.line}: {one_line(note.text)}")
    counts = {word: sum(one.status == word for one in found) for word in _WORDS}
    say(
        f"{len(found)} files: {counts['taken']} taken over, {counts['differs']} taken over with "
        f"differences, {counts['refused']} refused"
    )
    if output:
        say(f"wrote {sum(kept)} files into {output}")


def _write(one: Imported, output: str, *, force: bool) -> bool:
    """Write a file that is taken over; says so where it can't be."""
    if one.status == "refused":
        return False
    try:
        write_file(str(Path(output) / one.file), one.text, force=force, inside=output)
    except Refused as error:
        say(one_line(error))
        return False
    return True
