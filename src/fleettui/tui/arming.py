"""When an answer counts: the rules that keep an approval from being given by accident."""

from __future__ import annotations

from typing import Final, NamedTuple

SHOWN_FOR: Final = 0.3
QUIET_FOR: Final = 0.15


class Target(NamedTuple):
    """The exact thing that an answer would be for."""

    item: str
    version: int
    digest: str
    nonce: str


class Arming:
    """Knows since when a target has been shown whole, and when the last keys came (in seconds).

    Nothing here reads a clock: every moment is given.
    """

    def __init__(self) -> None:
        self.target: Target | None = None
        self._since: float | None = None
        self._key = self._key_before = float("-inf")

    def key(self, at: float) -> None:
        """Note that a key came, any key."""
        self._key_before, self._key = self._key, at

    def show(self, target: Target | None, at: float) -> None:
        """Note what is drawn whole and highlighted from now on; None is nothing."""
        if target != self.target:
            self.target = target
            self._since = at if target is not None else None

    def restart(self, at: float) -> None:
        """Begin again: the focus or the terminal came back."""
        if self.target is not None:
            self._since = at

    def refusal(self) -> str:
        """Say why the key that just came does not count, or nothing when it does."""
        if self.target is None or self._since is None:
            return "the item is not wholly on the screen: enter shows it"
        if self._key - self._since < SHOWN_FOR:
            return "the item only just came up: look at it, then press again"
        if self._key - self._key_before < QUIET_FOR:
            return "keys came too fast to be an answer: press again"
        return ""
