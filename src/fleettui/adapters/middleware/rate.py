"""rate: lets an agent send so many messages a minute, and refuses the rest."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, Final

from fleettui.core.errors import Refused

_MINUTE: Final = 60.0


def make(settings: Mapping[str, Any]) -> Any:
    """Make it with `per_minute`, 60 where it is not given."""
    unknown = set(settings) - {"per_minute"}
    most = settings.get("per_minute", 60)
    if unknown or not isinstance(most, int) or most < 1:
        raise ValueError("give per_minute, a whole number from 1")
    sent: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    async def rate(envelope: Any) -> Any:
        times = sent[envelope.fleet, envelope.sender]
        while times and envelope.at - times[0] >= _MINUTE:
            times.popleft()
        if len(times) >= most:
            wait = _MINUTE - (envelope.at - times[0])
            raise Refused(
                f"{envelope.sender} has sent {most} messages within a minute",
                f"try again in {wait:.0f} s",
            )
        times.append(envelope.at)
        return envelope

    return rate
