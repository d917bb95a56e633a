"""Figures about a host."""

from __future__ import annotations

from fleettui.core.breaker import BreakerState
from fleettui.core.views.rows.root import Row


class CacheRow(Row, frozen=True):
    """Agents that were built: `hit_rate` is hits by uses, 0 to 1, null before the first use."""

    size: int
    hits: int
    misses: int
    expired: int
    evicted: int
    hit_rate: float | None


class StatsRow(Row, frozen=True):
    """What a host holds and did: counts of its fleets, and the agents it built.

    `providers` gives the circuit breaker of each provider of models that was called.
    """

    fleets: int
    agents: int
    runs: int
    turns: int
    events: int
    messages: int
    model_calls: int
    agent_cache: CacheRow
    providers: dict[str, BreakerState]
