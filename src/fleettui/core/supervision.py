"""Supervision: what is done about an agent that died, rung by rung."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Literal

from fleettui.core.spec.health import Restarts

Rung = Literal["restart", "roll_back", "give_up"]
# Waits differ by up to this share, so that agents that died together don't come back together.
JITTER: Final = 0.2
# An agent that dies again and again, though slowly, has this many times `most` restarts.
SLOW_DEATHS: Final = 2


@dataclass(slots=True)
class Crashes:
    """How often an agent died since it was last healthy; times are seconds since the epoch.

    `item` names what waits for a person once it was given up, `why` its last crash.
    """

    times: list[float] = field(default_factory=list)
    rolled_back: bool = False
    item: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about a crash; a restart comes after `wait` seconds."""

    rung: Rung
    wait: float = 0.0


def is_healthy_again(crashes: Crashes, rules: Restarts, at: float) -> bool:
    """Say whether the last crash is so long ago that it no longer counts."""
    return bool(crashes.times) and at - crashes.times[-1] >= rules.reset_after


def next_step(crashes: Crashes, rules: Restarts, at: float, seed: str) -> Step:
    """Give what follows from one more crash at `at`: restarts first, then the rungs above.

    As supervisors of Erlang/OTP do: at most `most` restarts within `within`; the waits double up
    to `longest`. `seed` draws the jitter, so that the same events wait the same time.
    """
    fresh = is_healthy_again(crashes, rules, at)
    times = [] if fresh else crashes.times
    recent = sum(at - one < rules.within for one in times)
    if recent < rules.most and len(times) < SLOW_DEATHS * rules.most:
        return Step("restart", _wait(len(times), rules, seed))
    if rules.rollback and (fresh or not crashes.rolled_back):
        return Step("roll_back", _wait(len(times), rules, seed))
    return Step("give_up")


def _wait(crashes: int, rules: Restarts, seed: str) -> float:
    wait = min(rules.backoff * 2.0 ** min(crashes, 32), rules.longest)
    draw = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 2**32
    return float(wait * (1.0 - JITTER * draw))
