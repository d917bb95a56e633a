"""Bell, notification and title: what a terminal is told when something needs a person."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from fleettui.core.safe import one_line

DWELL: Final = 1.0
COOLDOWN: Final = 10.0
_MOST = 120


class Alerts:
    """Decides when to ring: new needs only, still there after a dwell, and not too often.

    Nothing here reads a clock: every moment is given, in seconds.
    """

    def __init__(self) -> None:
        self._told: frozenset[str] = frozenset()
        self._fresh: dict[str, float] = {}
        self._rang = float("-inf")

    def see(self, needs: AbstractSet[str], *, looking: bool, at: float) -> None:
        """Note what needs a person now; who looks at the inbox has been told."""
        self._told &= needs
        if looking:
            self._told |= needs
        self._fresh = {name: self._fresh.get(name, at) for name in needs - self._told}

    def wait(self, at: float) -> float | None:
        """Give the seconds until it is time to ring, or None if there is nothing to ring for."""
        if not self._fresh:
            return None
        due = max(min(self._fresh.values()) + DWELL, self._rang + COOLDOWN)
        return max(due - at, 0.0)

    def ring(self, at: float) -> frozenset[str]:
        """Take what is to be rung for; empty as long as it is too early."""
        if self.wait(at) != 0.0:
            return frozenset()
        news = frozenset(self._fresh)
        self._told |= news
        self._fresh = {}
        self._rang = at
        return news


def title_sequence(needs: int, fleet: str) -> str:
    """Give the bytes that set the terminal's title: `(3!) fleettui code-review`."""
    count = f"({needs}!) " if needs else ""
    return f"\x1b]0;{one_line(f'{count}fleettui {fleet}', _MOST)}\x07"


def notice_sequence(text: str, term: str) -> str:
    """Give the bytes of a bell and a desktop notification (OSC 9 and 777), wrapped for tmux."""
    words = one_line(text, _MOST).replace(";", ",")
    # OSC 9;4 is a progress bar in some terminals: never begin with a digit.
    notices: tuple[str, ...] = (
        f"\x1b]9;fleettui: {words}\x07",
        f"\x1b]777;notify;fleettui;{words}\x07",
    )
    if term.startswith(("tmux", "screen")):
        notices = tuple(_through_tmux(notice) for notice in notices)
    return "\x07" + "".join(notices)


def _through_tmux(sequence: str) -> str:
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"
