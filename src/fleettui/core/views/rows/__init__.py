"""The rows a face shows; their JSON is documented in docs/json.md and stable."""

from fleettui.core.views.rows.agents import (
    AgentRow,
    CheckpointRow,
    DiffRow,
    FileRow,
    LogRow,
    RollbackPreview,
    WorkspaceRow,
)
from fleettui.core.views.rows.alerts import AlertRow
from fleettui.core.views.rows.audit import AuditRow
from fleettui.core.views.rows.ballots import BallotRow, VerdictRow, VoteRow
from fleettui.core.views.rows.board import Board
from fleettui.core.views.rows.fleets import (
    FleetRow,
    MemberRow,
    QuotaRow,
    TenantDetail,
    TenantRow,
    UsageRow,
)
from fleettui.core.views.rows.flows import FlowRow, RequestRow
from fleettui.core.views.rows.health import HealthRow
from fleettui.core.views.rows.inbox import ActionRow, InboxRow, PendingRow, RuleRow, ShownAction
from fleettui.core.views.rows.memory import MemoryRow
from fleettui.core.views.rows.messages import MessageRow
from fleettui.core.views.rows.metrics import MetricRow
from fleettui.core.views.rows.parts import PartRow
from fleettui.core.views.rows.root import ATTENTION, Attention, Row
from fleettui.core.views.rows.runs import FindingRow, RunReport, RunRow, TurnRow
from fleettui.core.views.rows.secrets import SecretRow
from fleettui.core.views.rows.stats import CacheRow, StatsRow
from fleettui.core.views.rows.waiting import WaitRow

__all__ = [
    "ATTENTION",
    "ActionRow",
    "AgentRow",
    "AlertRow",
    "Attention",
    "AuditRow",
    "BallotRow",
    "Board",
    "CacheRow",
    "CheckpointRow",
    "DiffRow",
    "FileRow",
    "FindingRow",
    "FleetRow",
    "FlowRow",
    "HealthRow",
    "InboxRow",
    "LogRow",
    "MemberRow",
    "MemoryRow",
    "MessageRow",
    "MetricRow",
    "PartRow",
    "PendingRow",
    "QuotaRow",
    "RequestRow",
    "RollbackPreview",
    "Row",
    "RuleRow",
    "RunReport",
    "RunRow",
    "SecretRow",
    "ShownAction",
    "StatsRow",
    "TenantDetail",
    "TenantRow",
    "TurnRow",
    "UsageRow",
    "VerdictRow",
    "VoteRow",
    "WaitRow",
    "WorkspaceRow",
]
