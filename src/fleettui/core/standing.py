"""Standing: what a rule may ask about the tenant as a whole, besides the stream it changes."""

from __future__ import annotations

from typing import Final, Protocol

# More than there ever is of anything.
MANY: Final = 1 << 62


class Standing(Protocol):
    """How far a tenant is with what it may use; each `admit` raises QuotaReached."""

    def agents_left(self) -> int:
        """Count how many agents more the tenant may have."""

    def admit_agents(self, more: int) -> None:
        """Refuse so many agents more than there are, where the tenant may not have them."""

    def admit_messages(self, more: int) -> None:
        """Refuse so many messages more that wait."""

    def admit_request(self, person: str, at: float) -> None:
        """Refuse a person's task now, where the tenant or they gave as many as they may."""

    def spent(self, first: int, last: int) -> float:
        """Give what calls of known price cost (US dollars) from one day to another, in UTC."""

    def idle_timeout(self) -> float | None:
        """Give after how long (seconds) an agent is released whose file says nothing."""


class _Unbounded:
    """No tenant is known: nothing is refused."""

    def agents_left(self) -> int:
        return MANY

    def admit_agents(self, more: int) -> None:
        pass

    def admit_messages(self, more: int) -> None:
        pass

    def admit_request(self, person: str, at: float) -> None:
        pass

    def spent(self, first: int, last: int) -> float:  # noqa: ARG002 nothing was
        return 0.0

    def idle_timeout(self) -> float | None:
        return None


UNBOUNDED: Final[Standing] = _Unbounded()
