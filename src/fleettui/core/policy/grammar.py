"""A tool's grammar: which flags take values, where the verb stands, what each verb risks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from fleettui.core.policy.parsed import Parsed

Style = Literal["gnu", "pflag", "goflag"]
Takes = Literal["none", "value", "optional"]


class FlagSpec(msgspec.Struct, frozen=True):
    """One flag: `mark` is "!" (runs or reads what can't be seen), "^" (destructive) or ""."""

    name: str
    takes: Takes = "none"
    mark: str = ""
    integer: bool = False


FlagTable = Mapping[str, FlagSpec]


class Verb(msgspec.Struct, frozen=True):
    """A verb's risk letters, its own flags over the tool's, and why it can't be analysed."""

    risks: str = "w"
    flags: FlagTable = {}
    problem: str = ""


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """How one tool reads its words.

    `verbs` holds canonical verbs, several words joined by a blank; a tool without verbs has the
    one verb "". `stop_at_operand`: flags end at the first operand; `globals_first`:
    the tool's own flags stand before the verb only. `inspect` looks at the whole
    when the words are known (refspecs, replica counts).
    """

    tool: str
    style: Style = "gnu"
    flags: FlagTable = {}
    verbs: Mapping[str, Verb] = {}
    aliases: Mapping[str, str] = {}
    stop_at_operand: bool = False
    free_verbs: bool = False
    globals_first: bool = False
    inspect: Callable[[Parsed], Parsed] | None = None
    prefixes: frozenset[str] = frozenset()


def flag_table(text: str) -> FlagTable:
    """Read flags written as `-n|--namespace= ^-f|--force !--exec= --color? --replicas=#`.

    `=` takes a value, `?` takes one only after `=`, `#` marks an integer, `!` and `^` the marks.
    """
    table: dict[str, FlagSpec] = {}
    for token in text.split():
        mark = token[0] if token[0] in "!^" else ""
        body = token[len(mark) :]
        integer = body.endswith("#")
        body = body.rstrip("#")
        takes: Takes = (
            "value" if body.endswith("=") else "optional" if body.endswith("?") else "none"
        )
        names = body.rstrip("=?").split("|")
        if any(set(name) & set("=?|") for name in names):
            raise ValueError(token)
        for name in names:
            table[name] = FlagSpec(names[-1], takes, mark, integer)
    return table


def verb(risks: str, flags: str = "", problem: str = "") -> Verb:
    """Return a verb of these risk letters and flags, for the tables."""
    return Verb(risks, flag_table(flags), problem)


def grammar(
    tool: str,
    verbs: Mapping[str, Verb],
    *,
    flags: str = "",
    aliases: str = "",
    style: Style = "gnu",
    free_verbs: bool = False,
    globals_first: bool = False,
    stop_at_operand: bool = False,
    inspect: Callable[[Parsed], Parsed] | None = None,
) -> Grammar:
    """Build a grammar; `aliases` is written as `del=delete un=uninstall`."""
    pairs = dict(pair.split("=", 1) for pair in aliases.split())
    prefixes = {
        " ".join(words[:count])
        for words in (name.split() for name in verbs)
        for count in range(1, len(words))
    }
    return Grammar(
        tool=tool,
        style=style,
        flags=flag_table(flags),
        verbs=verbs,
        aliases=pairs,
        free_verbs=free_verbs,
        globals_first=globals_first,
        stop_at_operand=stop_at_operand,
        inspect=inspect,
        prefixes=frozenset(prefixes),
    )
