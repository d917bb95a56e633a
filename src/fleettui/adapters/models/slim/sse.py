"""Server-sent events: bytes in as they come, the data of whole events out."""

from __future__ import annotations

import re

MOST = 4 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r(?=[^\n])")


class EventTooLarge(ValueError):
    """One line or event is longer than any model would send."""


class Events:
    """A parser that holds what is not whole yet."""

    def __init__(self) -> None:
        self._held = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[str]:
        """Take bytes and give the data of each event that they complete."""
        lines = _LINE_END.split(self._held + piece)
        self._held = lines.pop()
        if len(self._held) > MOST:
            raise EventTooLarge("an event line is too long")
        return [data for line in lines if (data := self._line(line)) is not None]

    def end(self) -> list[str]:
        """Give what an unfinished stream still holds; a last event may lack its empty line."""
        found = [data for line in (self._held.rstrip(b"\r"), b"") if (data := self._line(line))]
        self._held = b""
        return found

    def _line(self, line: bytes) -> str | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data).decode("utf-8", "replace") if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            if self._size > MOST:
                raise EventTooLarge("an event is too long")
        return None
