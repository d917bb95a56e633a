"""Times, tokens and money as short words for a column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

# The marks of a small picture, lowest first.
_LEVELS: Final = "_.:-=+*#"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(seconds: float, *, fine: bool = True) -> str:
    """Say how long ago: `42s`, `4m12`, `3h05`, `2d`; without `fine`, in whole minutes."""
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole}s" if fine else "<1m"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes}m{rest:02d}" if fine else f"{minutes}m"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours}h{rest // _MINUTE:02d}"
    return f"{whole // _DAY}d"


def left(seconds: float, *, fine: bool = True) -> str:
    """Say how much time is left: `10:48`, `2h`; without `fine`, in whole minutes."""
    whole = max(int(seconds), 0)
    if whole >= _HOUR:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}"
    if not fine and whole >= 2 * _MINUTE:
        return f"{whole // _MINUTE}m"
    return f"{whole // _MINUTE}:{whole % _MINUTE:02d}"


def time_of_day(at: float) -> str:
    """Give the time of day of a moment (seconds since 1970), in local time."""
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")


def tokens(count: int) -> str:
    """Give a number of tokens: `840`, `21k`, `1.2M`."""
    if count < 1000:
        return str(count)
    if count < 999_500:
        return f"{count / 1000:.0f}k"
    return f"{count / 1_000_000:.1f}M"


def money(dollars: float | None) -> str:
    """Give a cost in US dollars; what is not known is `?`, never 0."""
    return "?" if dollars is None else f"${dollars:.2f}"


def spark(values: Sequence[float]) -> str:
    """Draw values as a line of ASCII marks, the largest highest; nothing at all is `_`."""
    most = max(values, default=0)
    if most <= 0:
        return _LEVELS[0] * len(values)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[min(round(value / most * top) or value > 0, top)] for value in values)
