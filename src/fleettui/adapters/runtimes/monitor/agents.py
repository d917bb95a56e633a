"""Looks at agents of the fleet: their state, how long they rest, how long they did not get on."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.adapters.runtimes.monitor.look import Look, Sight
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule
from fleettui.ports import AgentSeen, WatchDoor


def look_at_agents(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look at one agent with its replicas, or at all."""
    del spec
    when = rule.condition
    assert when is not None

    async def look() -> Sequence[Sight]:
        seen = [one for one in door.agents() if _is_meant(str(rule.agent), one.id)]
        found = []
        for one in seen:
            value = _value(one, when.left, door.now())
            bad = value is not None and when.holds(value)
            found.append(Sight(one.id, bad, f"{one.id}: {_said(when.left, value)}"))
        return found

    return look


def _is_meant(wanted: str, agent: str) -> bool:
    head, _, number = agent.rpartition("-")
    return wanted in {"*", agent} or (head == wanted and number.isdigit())


def _value(agent: AgentSeen, what: str, now: float) -> float | str | None:
    """Give the state or a number of seconds; None where it makes no sense now."""
    match what:
        case "state":
            return agent.status
        case "idle":
            return now - agent.since if agent.status == "idle" else None
        case _:
            return now - agent.progress if agent.status == "working" else None


def _said(what: str, value: float | str | None) -> str:
    return f"{what} for {value:.0f} s" if isinstance(value, float) else f"{what} is {value}"
