"""How far a program is: how much it has written, and its last line."""

from __future__ import annotations

from typing import Final

from fleettui.adapters.tools.tool import Say

_LINE: Final = 500


class Progress:
    """Says how much a program has written, and the last whole line of it."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._size, self._lines, self._rest, self._last = 0, 0, b"", b""

    def add(self, chunk: bytes) -> None:
        """Take what it wrote next."""
        self._size += len(chunk)
        self._lines += chunk.count(b"\n")
        whole, mark, rest = (self._rest + chunk).rpartition(b"\n")
        self._rest = rest[-_LINE:]
        if mark and (last := whole[-_LINE:].rpartition(b"\n")[2].strip()):
            self._last = last
        line = (self._rest.strip() or self._last).decode(errors="replace")
        self._say(f"{self._size:,} bytes, {self._lines:,} lines: {line}")
