"""Recordings on disk: beside the exchanges, in what order a run's agents did what they did."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from fleettui.adapters.models.exchange import Ordered
from fleettui.adapters.models.record import append_line
from fleettui.core.errors import ModelFailed


class FileRecordings:
    """Satisfies ports.Recordings on files of `--record`."""

    def append_order(self, file: str, key: str) -> None:
        """Add a key; a disk that says no is told by the exchanges, which fail."""
        with contextlib.suppress(ModelFailed):
            append_line(Path(file), msgspec.json.encode(Ordered(key)) + b"\n")

    def read_order(self, file: str) -> tuple[str, ...]:
        """Give the keys in their order; none of a file that can't be read."""
        try:
            lines = Path(file).read_bytes().split(b"\n")
        except OSError:
            return ()
        found: list[str] = []
        for line in lines:
            with contextlib.suppress(msgspec.MsgspecError):
                found.append(msgspec.json.decode(line, type=Ordered).order)
        return tuple(found)
