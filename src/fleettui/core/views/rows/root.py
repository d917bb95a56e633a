"""The root of every row, and what draws the eye."""

from __future__ import annotations

from typing import Literal

import msgspec

Attention = Literal["need", "fail", "stale", "pause", "run", "idle", "done"]


ATTENTION: tuple[Attention, ...] = ("need", "fail", "stale", "pause", "run", "idle", "done")


class Row(msgspec.Struct, frozen=True):
    """The root of every row: plain values only, text not yet sanitised."""
