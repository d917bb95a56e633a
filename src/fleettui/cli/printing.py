"""How commands print: JSON that no terminal can stumble over, and plain aligned tables."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from fleettui.core.safe import one_line, sanitize
from fleettui.core.views.rows import FileRow


def print_json(value: Any) -> None:
    """Print rows as JSON, everything beyond ASCII escaped."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=True))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads in aligned columns; the last column may be long."""
    cells: list[list[str]] = [list(heads)]
    cells += [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(heads))]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def say(text: object) -> None:
    """Print a message for the person, on stderr."""
    click.echo(sanitize(text), err=True)


def put(text: object) -> None:
    """Print text that somebody else wrote, on stdout."""
    click.echo(sanitize(text))


def age(at: float) -> str:
    """Say how long ago something was."""
    seconds = max(int(time.time() - at), 0)
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}" if hours < 48 else f"{hours // 24}d"


def money(cost: float | None) -> str:
    """Show a cost in dollars, an unknown one as such."""
    return "$?" if cost is None else f"${cost:.2f}"


def clock(at: float) -> str:
    """Show the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def file_line(row: FileRow) -> str:
    """Say of a file how it differs, with its lines."""
    size = "binary" if row.added is None else f"+{row.added} -{row.deleted}"
    was = f" (was {row.was})" if row.was else ""
    return f"{row.change} {row.path}{was} {size}"
