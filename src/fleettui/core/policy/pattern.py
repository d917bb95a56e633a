"""A rule's pattern: a command line read with the same grammar as the commands it meets."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from typing import Final

import msgspec

from fleettui.core.errors import Refused
from fleettui.core.policy.command import Command, command_of
from fleettui.core.policy.parsed import Flag, Parsed
from fleettui.core.policy.tools.kubectl import kind_name
from fleettui.core.policy.tools.table import GRAMMARS
from fleettui.core.policy.words import argv_refusal

MAX_LENGTH: Final = 2_000
_MEND: Final = 'write a program and what must follow, like "git push --force" or "kubectl get *"'


class Pattern(msgspec.Struct, frozen=True):
    """A pattern parsed: the command it spells, and whether further arguments may follow."""

    text: str
    command: Command
    open_ended: bool


@lru_cache(maxsize=8_192)
def parse_pattern(text: str) -> Pattern:
    """Read a pattern; refused (`Refused`) when it is empty or would match every program."""
    if not isinstance(text, str) or not text.strip():
        raise Refused("an empty policy pattern would match everything", _MEND)
    if len(text) > MAX_LENGTH:
        raise Refused("a policy pattern is longer than 2,000 characters", _MEND)
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise Refused(f"policy pattern {text!a} has an open quote ({error})", _MEND) from None
    open_ended = words[-1:] == ("*",)
    words = words[:-1] if open_ended else words
    if not words or not re.search(r"[A-Za-z0-9]", words[0]):
        raise Refused(f"policy pattern {text!a} would match every program", _MEND)
    if set(words[0]) & set("*?[]{}$`|&;<>"):
        raise Refused(f"policy pattern {text!a} doesn't name one program", _MEND)
    if reason := argv_refusal(words):
        raise Refused(f"policy pattern {text!a} can't match: {reason}", _MEND)
    return Pattern(text, command_of(words), open_ended)


def stops(pattern: Pattern, command: Command) -> bool:
    """Say whether a deny or require_approval pattern catches `command`: whatever else it says."""
    asked = pattern.command
    if asked.tool != command.tool:
        return False
    if _read_alike(asked, command):
        return _says(asked.parsed, command.parsed) or (
            bool(command.parsed.problem) and _may_say(asked.parsed, command)
        )
    return _in_order(asked.argv[1:], command.argv[1:])


def permits(pattern: Pattern, command: Command) -> bool:
    """Say whether an allow pattern covers `command` wholly: nothing in it but what is written."""
    given = pattern.command
    if given.argv == command.argv and not pattern.open_ended:
        return True
    if given.tool != command.tool or command.opaque or not command.trusted:
        return given.argv[0] == command.argv[0] and not command.opaque and _words(pattern, command)
    if not _read_alike(given, command):
        return _words(pattern, command)
    if pattern.open_ended:
        hurts = "d" in command.parsed.risks and "d" not in given.parsed.risks
        return not hurts and _says(given.parsed, command.parsed, whole=True)
    return _same(given.parsed, command.parsed)


def covers(pattern: Pattern, command: Command) -> bool:
    """Say whether `command` does what the pattern names, whatever flags and operands it adds."""
    given = pattern.command
    if given.tool != command.tool:
        return False
    if _read_alike(given, command):
        return _says(given.parsed, command.parsed)
    return _starts(given.argv[1:], command.argv[1:])


def exact(pattern: Pattern, argv: tuple[str, ...]) -> bool:
    """Say whether the pattern spells this very argv, word for word."""
    return not pattern.open_ended and pattern.command.argv == argv


def _read_alike(pattern: Command, command: Command) -> bool:
    """Both were read by a grammar; a pattern with an unknown verb is compared by its words."""
    if pattern.parsed.problem and not pattern.parsed.verb and len(pattern.argv) > 1:
        return "" in GRAMMARS[pattern.tool].verbs if pattern.tool in GRAMMARS else False
    return pattern.known and command.known


def _says(pattern: Parsed, command: Parsed, *, whole: bool = False) -> bool:
    if command.verb[: len(pattern.verb)] != pattern.verb:
        return False
    if not all(_flag_holds(flag, command) for flag in pattern.flags):
        return False
    if pattern.kinds:
        if command.kinds is None:
            return not whole
        hit = set(pattern.kinds) & set(command.kinds)
        if not hit or (whole and set(command.kinds) - set(pattern.kinds)):
            return False
    if whole:
        return _starts(pattern.operands, command.operands)
    return _in_order(pattern.operands, command.operands)


def _flag_holds(flag: Flag, command: Parsed) -> bool:
    present = command.flag(flag.name)
    if present is None:
        return False
    if flag.value in {None, "true"}:
        return present.value != "false"
    return present.value is not None and _glob(flag.value or "", present.value)


def _may_say(pattern: Parsed, command: Command) -> bool:
    """Say whether the verb and its type stand in words that can't be read for sure."""
    grammar = GRAMMARS.get(command.tool)
    aliases = grammar.aliases if grammar else {}
    words = [aliases.get(word, word) for word in command.argv[1:]]
    spoken = " ".join(words).split()
    if not pattern.verb or not _in_order(pattern.verb, tuple(spoken)):
        return False
    kinds = {kind_name(part) for word in spoken for part in re.split(r"[,/]", word)}
    if not set(pattern.kinds or ()) <= kinds:
        return False
    return all(_flag_holds(flag, command.parsed) for flag in pattern.flags)


def _same(pattern: Parsed, command: Parsed) -> bool:
    return (
        pattern.verb == command.verb
        and set(pattern.flags) == set(command.flags)
        and len(pattern.flags) == len(command.flags)
        and pattern.kinds == command.kinds
        and len(pattern.operands) == len(command.operands)
        and _starts(pattern.operands, command.operands)
    )


def _words(pattern: Pattern, command: Command) -> bool:
    wanted, given = pattern.command.argv[1:], command.argv[1:]
    if not pattern.open_ended and len(wanted) != len(given):
        return False
    return _starts(wanted, given)


def _starts(wanted: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return len(wanted) <= len(given) and all(map(_glob, wanted, given))


def _in_order(wanted: tuple[str, ...], given: tuple[str, ...]) -> bool:
    rest = iter(given)
    return all(any(_glob(word, other) for other in rest) for word in wanted)


def _glob(pattern: str, word: str) -> bool:
    """`*` inside a word stands for any characters, but never for `..`."""
    if "*" not in pattern:
        return pattern == word
    if ".." in word.split("/") and ".." not in pattern.split("/"):
        return False
    parts = pattern.split("*")
    if len(word) < len(pattern) - len(parts) + 1:
        return False
    if not word.startswith(parts[0]) or not word.endswith(parts[-1]):
        return False
    at, end = len(parts[0]), len(word) - len(parts[-1])
    for part in parts[1:-1]:
        found = word.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
