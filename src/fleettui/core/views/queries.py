"""Questions a face may ask; each names the view it is answered with."""

from __future__ import annotations

import msgspec


class Query(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root: `fleet` empty means every fleet, or the only one."""

    fleet: str = ""


class ReadBoard(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers Board."""


class ReadFleets(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[FleetRow, ...]."""


class ReadAgents(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[AgentRow, ...]."""


class ReadInbox(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[InboxRow, ...], oldest first."""


class ReadActions(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[ActionRow, ...], the ledger of everything agents wanted to do."""

    agent: str = ""


class ReadQueue(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[MessageRow, ...], in order of delivery, dead letters last."""


class ReadBallots(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[BallotRow, ...], newest first."""


class ReadRuns(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[RunRow, ...], newest first."""


class ReadRun(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers RunReport of `run`, or of the newest."""

    run: str = ""


class ReadParts(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[PartRow, ...] of `run`, or of the newest, in the order they were planned."""

    run: str = ""


class ReadReport(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers the Markdown text of a run's report, or of the newest."""

    run: str = ""


class ReadLog(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[LogRow, ...]: the last `most` lines of an agent's log, oldest first.

    With `agent` empty it is the log of the whole fleet; `full` fetches large texts whole.
    """

    agent: str = ""
    most: int = 500
    full: bool = False


class ReadCheckpoints(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[CheckpointRow, ...] of an agent, newest first."""

    agent: str = ""


class PreviewRollback(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers RollbackPreview."""

    agent: str = ""
    checkpoint: str = ""


class ReadWorkspaces(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[WorkspaceRow, ...]: where every agent works."""


class ReadDiff(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers DiffRow: what an agent changed in its folder."""

    agent: str = ""


class ReadRules(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[RuleRow, ...]."""


class ReadHealth(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[HealthRow, ...]: the looks at an agent since the host began, oldest first."""

    agent: str = ""


class ReadMemory(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[MemoryRow, ...], what fleets remember, by key; raises MemoryLost."""


class ReadAlerts(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[AlertRow, ...], the alerts that are not over, critical ones first."""


class ReadStats(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers StatsRow, of the operator's fleets."""


class ReadMetrics(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[MetricRow, ...] of a tenant, or of all that the operator sees."""

    tenant: str = ""


class ReadSpec(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers the fleet's checked file as a JSON object."""


class ReadTenants(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[TenantRow, ...], of the tenants that whoever asks belongs to."""


class ReadTenant(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers TenantDetail."""

    tenant: str = ""


class ReadTenantFolder(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers text: the folder of the tenants' files; empty for who may not know."""


class ReadProblems(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[str, ...]: what is wrong in the files that the host reads by itself."""


class ReadFlows(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[FlowRow, ...], in the order that breaks ties."""


class ReadRequests(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[RequestRow, ...] of a flow or all, newest first; one with its whole answer."""

    flow: str = ""
    request: str = ""
    most: int = 100
    tenant: str = ""


class ReadEvents(Query, frozen=True, tag=True, omit_defaults=True):
    """Answers tuple[Recorded, ...] of a fleet with a number above `after`, at most `most`."""

    after: int = 0
    most: int = 1000


AnyQuery = (
    ReadBoard
    | ReadFleets
    | ReadAgents
    | ReadInbox
    | ReadActions
    | ReadQueue
    | ReadBallots
    | ReadRuns
    | ReadRun
    | ReadParts
    | ReadReport
    | ReadLog
    | ReadCheckpoints
    | PreviewRollback
    | ReadWorkspaces
    | ReadDiff
    | ReadRules
    | ReadHealth
    | ReadMemory
    | ReadAlerts
    | ReadStats
    | ReadMetrics
    | ReadSpec
    | ReadTenants
    | ReadTenant
    | ReadTenantFolder
    | ReadProblems
    | ReadFlows
    | ReadRequests
    | ReadEvents
)
