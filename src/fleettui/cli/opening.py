"""What `open` and `attach` take: one table for the fast path of main and for click's help.

It imports nothing heavy: main reads it before it knows whether click is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Option(NamedTuple):
    """One option; without a `metavar` it is a flag."""

    flag: str
    metavar: str
    help: str
    hidden: bool = False


class Verb(NamedTuple):
    """A command: its one argument (empty if it takes none) and its options."""

    argument: str
    optional: bool
    help: str
    options: tuple[Option, ...]


_STATE: Final = Option("--state", "DIR", "The state folder (default: FLEETTUI_STATE, or XDG's).")
_SCOPE: Final = (
    Option("--tenant", "NAME", "Only this tenant (or FLEETTUI_TENANT)."),
    Option("--as", "MEMBER", "See and do only what this member may; you stay who you are."),
)
_FOREGROUND: Final = Option("--foreground", "", "Run host and terminal as this one process.")

VERBS: Final[Mapping[str, Verb]] = {
    "open": Verb(
        "FILE",
        optional=False,
        help="Open a fleet file and show it; the fleet goes on when this terminal closes.",
        options=(
            Option("--fleet", "NAME", "Which fleet of a file that holds several."),
            Option("--workspace", "DIR", "The folder the fleet works in (default: this one)."),
            Option("--base", "REV", "The git revision to compare with."),
            *_SCOPE,
            _STATE,
            _FOREGROUND,
        ),
    ),
    "attach": Verb(
        "FLEET",
        optional=True,
        help="Show a fleet that is open.",
        options=(*_SCOPE, _STATE),
    ),
    "host": Verb(
        "",
        optional=True,
        help="Be the host of a state folder (started by open).",
        options=(
            _STATE,
            Option("--ready-fd", "FD", "Where to say that we listen.", hidden=True),
            Option("--idle", "SECONDS", "How long to stay with nothing to do."),
        ),
    ),
}


def parse(verb: Verb, arguments: Sequence[str]) -> dict[str, str] | None:
    """Read arguments by the table: option names without dashes, the argument under its name.

    None for whatever is not plainly right (help wanted, unknown, missing): click says why.
    """
    known = {option.flag: option for option in verb.options}
    values: dict[str, str] = {}
    rest = list(arguments)
    positional: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            positional += rest
            break
        flag, equals, value = word.partition("=")
        option = known.get(flag)
        if option is not None and not option.metavar and not equals:
            values[flag[2:]] = "yes"
        elif option is not None and option.metavar and (equals or rest):
            values[flag[2:]] = value if equals else rest.pop(0)
        elif word.startswith("-"):
            return None
        else:
            positional.append(word)
    if len(positional) > bool(verb.argument) or (not verb.optional and not positional):
        return None
    if positional:
        values[verb.argument] = positional[0]
    return values
