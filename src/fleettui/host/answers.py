"""Which view answers which query, for whoever decodes it on the far side of a socket."""

from __future__ import annotations

from typing import Any, Final

from fleettui.core.events import Recorded
from fleettui.core.views import queries, rows

ANSWERS: Final[dict[type[queries.Query], Any]] = {
    queries.ReadBoard: rows.Board,
    queries.ReadFleets: tuple[rows.FleetRow, ...],
    queries.ReadAgents: tuple[rows.AgentRow, ...],
    queries.ReadInbox: tuple[rows.InboxRow, ...],
    queries.ReadActions: tuple[rows.ActionRow, ...],
    queries.ReadQueue: tuple[rows.MessageRow, ...],
    queries.ReadBallots: tuple[rows.BallotRow, ...],
    queries.ReadRuns: tuple[rows.RunRow, ...],
    queries.ReadRun: rows.RunReport,
    queries.ReadReport: str,
    queries.ReadParts: tuple[rows.PartRow, ...],
    queries.ReadMemory: tuple[rows.MemoryRow, ...],
    queries.ReadHealth: tuple[rows.HealthRow, ...],
    queries.ReadAlerts: tuple[rows.AlertRow, ...],
    queries.ReadStats: rows.StatsRow,
    queries.ReadMetrics: tuple[rows.MetricRow, ...],
    queries.ReadLog: tuple[rows.LogRow, ...],
    queries.ReadCheckpoints: tuple[rows.CheckpointRow, ...],
    queries.PreviewRollback: rows.RollbackPreview,
    queries.ReadWorkspaces: tuple[rows.WorkspaceRow, ...],
    queries.ReadDiff: rows.DiffRow,
    queries.ReadRules: tuple[rows.RuleRow, ...],
    queries.ReadTenants: tuple[rows.TenantRow, ...],
    queries.ReadTenant: rows.TenantDetail,
    queries.ReadTenantFolder: str,
    queries.ReadProblems: tuple[str, ...],
    queries.ReadFlows: tuple[rows.FlowRow, ...],
    queries.ReadRequests: tuple[rows.RequestRow, ...],
    queries.ReadSpec: dict[str, Any],
    queries.ReadEvents: tuple[Recorded, ...],
}
