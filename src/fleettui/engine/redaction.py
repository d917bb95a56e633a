"""Redaction: no text that anybody wrote goes on with the value of a secret in it.

Everything enters through `Engine.send` and `Engine.payload`, is streamed through a `Flow`, and
leaves for faces through the Session; each asks the one `Redaction` of its tenant.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from fleettui.core.model import Payload
from fleettui.core.redaction import SAFE, placeholder, spellings

_T = TypeVar("_T")
# Names of things and digests: they hold the state together, and nobody's text.
_IDS: Final = frozenset(
    {
        "fleet", "stream", "agent", "turn", "run", "part", "action", "call", "id", "ballot",
        "checkpoint", "blob", "digest", "nonce", "program", "program_sha256", "cwd", "cwd_inode",
        "stdin_sha256", "sha256", "by", "tool", "entry", "to", "tenant", "actor", "mode", "policy",
    }
)  # fmt: skip
# What may be left of a value where a text was cut off in the middle of it.
_PIECE: Final = 6
_BYTES: Final = 64 << 20


class Redaction:
    """The secrets of one tenant, as one matcher."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        """Take values by name; of two names with one value the first is shown."""
        self._names: dict[bytes, str] = {}
        for name, value in values:
            for one in spellings(value):
                self._names.setdefault(_bytes(one), name)
        self._shown = frozenset(self._names.values())
        # The longest first: a whole key rather than its lines.
        found = sorted(self._names, key=lambda one: (-len(one), one))
        self._text = _matcher(map(_pattern, found))
        # Before a word there may stand an escape's letter: here it is enough to find too many.
        self._stored = _matcher(map(_literal, (_bytes(_escaped(one)) for one in found)))
        self._sorted = sorted(self._names)
        self._longest = len(found[0])
        self._first = frozenset(one[0] for one in found)

    def text(self, text: str) -> str:
        """Give a text in which every known value stands as `[secret NAME]`."""
        body = _bytes(text)
        if self._text.search(body) is None:
            return text
        return _text(self._text.sub(self._named, body))

    def piece(self, text: str) -> str:
        """Do the same for a text that may end in the middle of a value."""
        body = _bytes(self.text(text))
        held = self._held(body)
        if len(body) - held < _PIECE:
            return _text(body)
        return _text(body[:held]) + self._label(body[held:])

    def has(self, name: str) -> bool:
        """Say whether a name is one of those that stand for a value."""
        return name in self._shown

    def matches(self, body: bytes) -> bool:
        """Say whether a stored body has a known value in it."""
        return self._stored.search(body) is not None

    def anything(self, thing: _T) -> _T:
        """Do the same to every text inside a value; ids stay, and so does what has none."""
        found: Any = self._anything(thing)
        return found  # type: ignore[no-any-return]

    def command(self, thing: _T) -> _T:
        """Do the same to a command or an event: encoding it tells at once whether there is any."""
        try:
            if not self.matches(msgspec.json.encode(thing)):
                return thing
        except (TypeError, ValueError):
            pass  # what can't be encoded is looked at text by text
        return self.anything(thing)

    def flow(self) -> Flow:
        """Give what takes the pieces of one text as they come."""
        return Flow(self)

    def _anything(self, thing: Any) -> Any:
        match thing:
            case str():
                return self.text(thing)
            case Payload():
                head = self.text(thing.head)
                if head is thing.head:
                    return thing
                size = thing.size if thing.blob else len(_bytes(head))
                return Payload(head, size, thing.blob)
            case msgspec.Struct():
                changed = {
                    name: new
                    for name in _fields(type(thing))
                    if (new := self._anything(old := getattr(thing, name))) is not old
                }
                return msgspec.structs.replace(thing, **changed) if changed else thing
            case dict():
                items = {self._anything(key): self._anything(one) for key, one in thing.items()}
                return thing if _same(items, thing) else items
            case list() | tuple():
                new = [self._anything(one) for one in thing]
                if all(one is old for one, old in zip(new, thing, strict=True)):
                    return thing
                if isinstance(thing, list):
                    return new
                return type(thing)(*new) if hasattr(thing, "_fields") else tuple(new)
            case _:
                return thing

    def _named(self, match: re.Match[bytes]) -> bytes:
        return placeholder(self._names[match.group()]).encode()

    def _label(self, start: bytes) -> str:
        at = bisect_left(self._sorted, start)
        return placeholder(self._names[self._sorted[at]])

    def _held(self, body: bytes) -> int:
        """Give where the last part begins that may be the beginning of a value."""
        for at in range(max(len(body) - self._longest, 0), len(body)):
            if body[at] in self._first:
                rest = body[at:]
                place = bisect_left(self._sorted, rest)
                if place < len(self._sorted) and self._sorted[place].startswith(rest):
                    return at
        return len(body)

    def split(self, body: bytes) -> tuple[str, bytes]:
        """Give what may be shown of a text so far, and what must wait for more."""
        held = self._held(body)
        while True:
            within = [one for one in self._text.finditer(body) if one.start() < held < one.end()]
            if not within:
                return _text(self._text.sub(self._named, body[:held])), body[held:]
            held = within[0].start()


class Flow:
    """One text that comes in pieces; what may become a value is held back until it is known."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction, self._waiting = redaction, b""

    def feed(self, text: str) -> str:
        """Take the next piece, and give what may be shown now."""
        shown, self._waiting = self._redaction.split(self._waiting + _bytes(text))
        return shown

    def end(self) -> str:
        """Give what was held back: the text is at its end."""
        rest, self._waiting = self._waiting, b""
        return self._redaction.text(_text(rest))


def _same(new: Mapping[Any, Any], old: Mapping[Any, Any]) -> bool:
    pairs = zip(new.items(), old.items(), strict=False)
    alike = all(key is was and one is other for (key, one), (was, other) in pairs)
    return len(new) == len(old) and alike


def _matcher(patterns: Iterable[bytes]) -> Any:
    """Compile what finds any of these in one pass, however many there are."""
    re2 = import_module("re2")
    options = re2.Options()
    options.encoding, options.max_mem = re2.Options.Encoding.LATIN1, _BYTES
    return re2.compile(b"|".join(patterns), options)


def _literal(one: bytes) -> bytes:
    escaped: bytes = import_module("re2").escape(one)
    return escaped


def _pattern(one: bytes) -> bytes:
    literal = _literal(one)
    if len(one) >= SAFE:
        return literal
    first = rb"\b" if one[:1].isalnum() else b""
    return first + literal + (rb"\b" if one[-1:].isalnum() else b"")


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Name the fields of a struct that may hold what somebody wrote."""
    hints = get_type_hints(kind)
    ids = _IDS | {"message"} if kind.__struct_config__.tag is not None else _IDS
    return tuple(
        field.name
        for field in msgspec.structs.fields(kind)
        if field.name not in ids and not _fixed(hints[field.name])
    )


def _fixed(hint: Any) -> bool:
    """Say whether a field holds one of some words of ours, or no text at all."""
    if get_origin(hint) is Literal or hint in {int, float, bool, bytes, type(None)}:
        return True
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    return bool(parts) and all(map(_fixed, parts))


def _escaped(one: bytes) -> str:
    return msgspec.json.encode(_text(one)).decode()[1:-1]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass")
