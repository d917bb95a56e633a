"""Circuit breaker: a provider that fails again and again is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

# Opens after so many failures in so many seconds, stays open as long (safety.md, T10).
FAILURES: Final = 5
WITHIN: Final = 30.0
REST: Final = 30.0

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(slots=True)
class Breaker:
    """One provider's failures; times are seconds on one clock."""

    failed: list[float] = field(default_factory=list)
    opened: float | None = None
    probing: bool = False

    def wait(self, at: float) -> float:
        """Give how long (seconds) to stay away; 0 lets a call through.

        When the rest is over one call is let through to probe; the others go on waiting.
        """
        if self.opened is None:
            return 0.0
        left = self.opened + REST - at
        if left > 0:
            return left
        if self.probing:
            return 1.0
        self.probing = True
        return 0.0

    def succeeded(self) -> None:
        """Close: the provider answers."""
        self.failed.clear()
        self.opened, self.probing = None, False

    def given_up(self) -> None:
        """Let another call probe: the one that did was taken back and says nothing."""
        self.probing = False

    def fail(self, at: float) -> bool:
        """Count a failure; True if the breaker opens by it."""
        was_open = self.opened is not None
        self.failed = [one for one in self.failed if at - one < WITHIN] + [at]
        if self.probing or (not was_open and len(self.failed) >= FAILURES):
            self.opened, self.probing = at, False
            return not was_open
        return False

    def state(self, at: float) -> BreakerState:
        """Name its state."""
        if self.opened is None:
            return "closed"
        return "open" if at < self.opened + REST else "half_open"
