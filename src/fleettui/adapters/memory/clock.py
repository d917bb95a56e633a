"""Clocks: the machine's, and one that tests set by hand."""

from __future__ import annotations

import time


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> float:
        return time.time()


class HandClock:
    """A clock that stands until somebody moves it."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += seconds
