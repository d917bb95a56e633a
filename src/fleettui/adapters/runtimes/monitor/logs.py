"""Looks at a log file: new lines only, over rotation, truncation and absence."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

import re2

from fleettui.adapters.runtimes.monitor.look import Look, Sight
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule
from fleettui.ports import WatchDoor

# What one look reads at most, and how much of a line is looked at, in bytes.
_MOST: Final = 4 << 20
_LINE: Final = 4096


def look_at_log(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look for lines that fit a pattern, by RE2: in linear time, whatever the lines are."""
    del spec
    path = os.path.realpath(os.path.join(door.workplace().workspace, str(rule.log)))
    tail, pattern = _Tail(path), re2.compile(str(rule.pattern))

    async def look() -> Sequence[Sight]:
        lines = await asyncio.to_thread(tail.read)
        if lines is None:
            return [Sight(f"{rule.log} is missing", bad=True, text=f"{rule.log} is not there")]
        hits = [line for line in lines if pattern.search(line)]
        more = f" ({len(hits)} lines)" if len(hits) > 1 else ""
        return [Sight(str(rule.log), bool(hits), f"{hits[0]}{more}" if hits else "")]

    return look


class _Tail:
    """The new lines of a file that may be moved away, cut, or not there yet."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        self._first = True

    def read(self) -> list[str] | None:
        """Give the lines since the last time, None where there is no file; at first none."""
        data = self._read_on()
        if self._is_other():
            self._close()
            try:
                self._file = open(self._path, "rb")  # noqa: SIM115 it stays open between looks
            except OSError:
                self._first = False
                return self._lines(data) or None
            if self._first:
                self._file.seek(0, os.SEEK_END)
            data += self._read_on()
        self._first = False
        return self._lines(data)

    def _read_on(self) -> bytes:
        if self._file is None:
            return b""
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._rest = b""
        return self._file.read(_MOST)

    def _is_other(self) -> bool:
        """Say whether the path is another file than the one that is open."""
        if self._file is None:
            return True
        mine = os.fstat(self._file.fileno())
        try:
            there: Any = os.stat(self._path)
        except OSError:
            return True
        return (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines(self, data: bytes) -> list[str]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LINE:]
        return [line[:_LINE].decode(errors="replace") for line in whole]

    def __del__(self) -> None:
        self._close()
