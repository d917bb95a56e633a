"""Dwell: from looks to alerts: one is raised after a dwell, and over after a cooldown."""

from __future__ import annotations

from typing import Literal


class Dwell:
    """The past of one thing under one rule; every moment is given, in seconds."""

    def __init__(self, dwell: float, cooldown: float, *, raised: bool = False) -> None:
        self._dwell, self._cooldown = dwell, cooldown
        self.raised = raised
        self._since: float | None = None

    def see(self, at: float, *, bad: bool) -> Literal["raise", "clear", ""]:
        """Take a look's outcome, and say what follows."""
        if bad == self.raised:
            self._since = None
            return ""
        if self._since is None or at < self._since:
            self._since = at
        if at - self._since < (self._dwell if bad else self._cooldown):
            return ""
        self.raised, self._since = bad, None
        return "raise" if bad else "clear"
