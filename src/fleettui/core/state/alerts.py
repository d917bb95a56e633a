"""How events change the alerts of a fleet."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import AlertCleared, AlertRaised, RecoveryTried
from fleettui.core.state.fleet import AlertState, FleetState, LogLine

# So many times of recoveries are kept for each rule.
_KEPT = 100


def alert_key(agent: str, rule: str, subject: str) -> str:
    """Name an alert within its fleet."""
    return f"{agent}/{rule}/{subject}"


def _raised(state: FleetState, event: AlertRaised, at: float) -> None:
    key = alert_key(event.agent, event.rule, event.subject)
    state.alerts[key] = AlertState(
        event.agent, event.rule, event.subject, event.severity, event.text, at
    )
    _log(state, event.agent, LogLine(at, "error", f"{event.severity} {event.rule}: {event.text}"))


def _cleared(state: FleetState, event: AlertCleared, at: float) -> None:
    state.alerts.pop(alert_key(event.agent, event.rule, event.subject), None)
    why = f": {event.why}" if event.why else ""
    _log(state, event.agent, LogLine(at, "note", f"over {event.rule} {event.subject}{why}"))


def _tried(state: FleetState, event: RecoveryTried, at: float) -> None:
    times = state.recoveries.setdefault(f"{event.agent}/{event.rule}", [])
    times.append(at)
    del times[:-_KEPT]
    did = f"{event.rule}: {event.verb} {event.target}".rstrip()
    refused = f", refused: {event.refused}" if event.refused else ""
    _log(state, event.agent, LogLine(at, "error" if refused else "note", did + refused))


def _log(state: FleetState, agent: str, line: LogLine) -> None:
    found = state.agents.get(agent)
    (state.log if found is None else found.log).append(line)


def forget_alerts(state: FleetState, agent: str) -> None:
    """Drop the alerts of a monitor that looks no more."""
    for key in [key for key, alert in state.alerts.items() if alert.agent == agent]:
        del state.alerts[key]


STEPS: dict[type, Any] = {
    AlertRaised: _raised,
    AlertCleared: _cleared,
    RecoveryTried: _tried,
}
