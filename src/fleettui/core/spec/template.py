"""Templates of a worker: words with placeholders, filled in without a shell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

# An argument that is just this becomes one argument an item.
SPREAD: Final = "{items}"
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\}")


class Unfillable(ValueError):
    """A template can't be filled in with an item; the message says why."""


class Filling(NamedTuple):
    """What placeholders stand for: the task's text, its items, and what was handed over."""

    task: str
    items: Sequence[str]
    input: str = ""

    @property
    def item(self) -> str:
        return self.items[0] if len(self.items) == 1 else "\n".join(self.items)


def placeholders(word: str) -> list[str]:
    """Name the placeholders in a word."""
    return [match["name"] for match in _PLACEHOLDER.finditer(word) if match["name"]]


def flaw_of(word: str) -> str:
    """Say what is wrong with a word, empty when it is good."""
    if "items" in placeholders(word) and word != SPREAD:
        return f"'{SPREAD}' must be an argument of its own: it becomes one argument an item"
    return ""


def fill_argv(words: Sequence[str], filling: Filling) -> list[str]:
    """Fill in an argv: a placeholder is always inside one argument, and never makes a flag.

    A path that begins with `-` gets `./` before it; any other value that would make its argument
    begin with `-` is refused, unless `--` stands before it. Raises Unfillable.
    """
    argv: list[str] = []
    for word in words:
        safe = "--" in argv
        if word == SPREAD:
            argv += [_no_flag("{items}", item, safe=safe) for item in filling.items]
        else:
            filled = fill(word, filling)
            argv.append(filled if word.startswith("-") else _no_flag(word, filled, safe=safe))
    return argv


def _no_flag(word: str, filled: str, *, safe: bool) -> str:
    if not filled.startswith("-") or safe or not placeholders(word):
        return filled
    if word.startswith(("{path}", SPREAD)):
        return f"./{filled}"
    raise Unfillable(
        f"'{filled[:60]}' would be a flag of the program; put '--' before {word} in the template"
    )


def fill(word: str, filling: Filling) -> str:
    """Fill in one word."""

    def put(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match.group()[0]
        value = _value(match["name"], filling)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _PLACEHOLDER.sub(put, word)


def fill_arguments(value: Any, filling: Filling) -> Any:
    """Fill in the arguments of a tool; a text that is one placeholder takes its value as it is."""
    match value:
        case str():
            whole = _PLACEHOLDER.fullmatch(value)
            if whole and whole["name"]:
                return list(filling.items) if value == SPREAD else _value(whole["name"], filling)
            return fill(value, filling)
        case Mapping():
            return {str(key): fill_arguments(part, filling) for key, part in value.items()}
        case list() | tuple():
            return [fill_arguments(part, filling) for part in value]
        case _:
            return value


def _value(name: str, filling: Filling) -> Any:
    match name:
        case "item" | "items":
            return filling.item
        case "task":
            return filling.task
        case "input":
            return filling.input
        case "path":
            return _path(filling.item)
    try:
        found = json.loads(filling.item)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unfillable(f"{{{name}}} needs an item that is a JSON object: {filling.item[:60]!r}")
    if name in found:
        return found[name]
    raise Unfillable(f"the item has no field '{name}', it has: {', '.join(map(str, found))}")


def _path(item: str) -> str:
    """Give an item as a path: the field `path` of a JSON object, else its only line."""
    if item[:1] == "{":
        try:
            found = json.loads(item)
        except ValueError:
            found = None
        if isinstance(found, dict) and isinstance(found.get("path"), str):
            item = found["path"]
    if "\n" in item.strip() or not item.strip():
        raise Unfillable(f"{item[:60]!r} is no path")
    return item.strip()
