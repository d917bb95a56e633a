"""RotatingLines: lines in a private file of bounded size, with some older ones beside it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 10 * 1024 * 1024
KEPT: Final = 5
_TAIL: Final = 64 * 1024

_log = logging.getLogger(__name__)


class RotatingLines:
    """Writes `path`; when it is full it becomes `path.1`, that `path.2`, and the last one goes."""

    def __init__(self, path: Path, most: int = MOST_BYTES, kept: int = KEPT) -> None:
        self._path, self._most, self._kept = path, most, kept

    def write(self, line: str) -> None:
        """Add a line; a disk that says no is said in the host's log, and nobody waits for it."""
        written = f"{line}\n".encode()
        try:
            if self._size() + len(written) > self._most:
                self._rotate()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(self._path, flags, 0o600)
            try:
                os.write(file, written)
            finally:
                os.close(file)
        except OSError as error:
            _log.warning("%s can't be written: %s", self._path, error.strerror)

    def newest(self) -> Sequence[str]:
        """Give the newest lines that are there, oldest first."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(self._size() - _TAIL, 0))
                return file.read().decode("utf-8", "replace").split("\n")[:-1]
        except OSError:
            return []

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _rotate(self) -> None:
        older = [self._path, *(Path(f"{self._path}.{n}") for n in range(1, self._kept))]
        for newer, into in reversed(list(pairwise(older))):
            if newer.exists():
                newer.replace(into)
