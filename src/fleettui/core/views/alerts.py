"""Rows about alerts, the worst first."""

from __future__ import annotations

from fleettui.core.state.fleet import FleetState
from fleettui.core.views.rows.alerts import AlertRow


def alert_rows(state: FleetState, agent: str = "") -> tuple[AlertRow, ...]:
    """Give the alerts of a fleet, or of one monitor: critical ones first, then by age."""
    found = [one for one in state.alerts.values() if not agent or one.agent == agent]
    found.sort(key=lambda one: (one.severity != "critical", one.at))
    return tuple(
        AlertRow(state.id, one.agent, one.rule, one.subject, one.severity, one.text, one.at)
        for one in found
    )
