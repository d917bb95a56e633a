"""An event with its place in a stream, and the union of all events."""

from __future__ import annotations

import msgspec

from fleettui.core.events.actions import (
    ActionAllowed,
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionExpired,
    ActionFinished,
    ActionLost,
    ActionProposed,
    ActionStarted,
    ApprovalGiven,
    ApprovalWithdrawn,
    CallRejected,
    ExpiryMoved,
    RuleRevoked,
    RuleSaved,
)
from fleettui.core.events.agents import (
    AgentCreated,
    AgentMoved,
    AgentReleased,
    AgentRemoved,
    AgentRolledBack,
    CheckpointMade,
    SessionKept,
)
from fleettui.core.events.alerts import AlertCleared, AlertRaised, RecoveryTried
from fleettui.core.events.ballots import (
    BallotClosed,
    BallotExtended,
    BallotOpened,
    BallotOverridden,
    VoteCast,
    VoteWithdrawn,
)
from fleettui.core.events.budgets import BudgetKept, BudgetRaised, BudgetReached, BudgetWarned
from fleettui.core.events.fleets import (
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    FleetStopping,
    TroubleNoted,
)
from fleettui.core.events.health import AgentCrashed, FailureDismissed
from fleettui.core.events.memory import EntryForgotten, ForgettingAsked, SharedMemoryMoved
from fleettui.core.events.messages import (
    MessageAcked,
    MessageDelivered,
    MessageDied,
    MessageDropped,
    MessageHeld,
    MessageMoved,
    MessageQueued,
    MessageReleased,
    MessageRestored,
    MessageRetried,
    MessageReturned,
    Subscribed,
)
from fleettui.core.events.parts import PartMoved, PartsPlanned, WorkSentBack
from fleettui.core.events.requests import (
    DeliveryDropped,
    ReplyFailed,
    RequestDropped,
    RequestFailed,
    RequestFinished,
    RequestHeld,
    RequestMoved,
    RequestQueued,
    RequestReleased,
    RequestReplied,
    RequestRetried,
    RequestStarted,
)
from fleettui.core.events.runs import (
    ReportWritten,
    RunFinished,
    RunHeld,
    RunReleased,
    RunResumed,
    RunStarted,
)
from fleettui.core.events.tenants import (
    AllHeld,
    AllReleased,
    TenantAdmitted,
    TenantHeld,
    TenantReleased,
    TenantRetired,
)
from fleettui.core.events.turns import (
    ProgressNoted,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnOpened,
    TurnPrompted,
    TurnRetried,
)
from fleettui.core.events.workspaces import (
    AgentForked,
    AgentMerged,
    CheckpointBegun,
    FilesSeen,
    GroundFound,
    MergeBegun,
    MergeFailed,
    RollbackBegun,
    RollbackFailed,
    WorkspaceBegun,
    WorkspaceDoomed,
    WorkspaceFailed,
    WorkspaceGone,
    WorkspaceMade,
)

AnyEvent = (
    FleetOpened
    | FleetReloaded
    | FleetStopping
    | FleetStopped
    | FleetResumed
    | AgentCreated
    | AgentMoved
    | AgentRemoved
    | AgentReleased
    | CheckpointMade
    | AgentRolledBack
    | AlertRaised
    | AlertCleared
    | RecoveryTried
    | SessionKept
    | TroubleNoted
    | AgentCrashed
    | FailureDismissed
    | RunStarted
    | RunFinished
    | RunHeld
    | RunReleased
    | RunResumed
    | ReportWritten
    | PartsPlanned
    | PartMoved
    | WorkSentBack
    | TurnOpened
    | TurnPrompted
    | StepTaken
    | ProgressNoted
    | TurnFinished
    | TurnFailed
    | TurnRetried
    | TurnCancelled
    | BallotOpened
    | VoteCast
    | VoteWithdrawn
    | BallotExtended
    | BallotClosed
    | BallotOverridden
    | ActionProposed
    | CallRejected
    | ActionAllowed
    | ActionAsked
    | ApprovalGiven
    | ApprovalWithdrawn
    | ActionApproved
    | ActionDenied
    | ActionExpired
    | ExpiryMoved
    | ActionStarted
    | ActionFinished
    | ActionLost
    | RuleSaved
    | RuleRevoked
    | MessageQueued
    | MessageDelivered
    | MessageAcked
    | MessageReturned
    | MessageDied
    | MessageRetried
    | MessageDropped
    | MessageMoved
    | MessageHeld
    | MessageReleased
    | MessageRestored
    | Subscribed
    | SharedMemoryMoved
    | ForgettingAsked
    | EntryForgotten
    | AgentForked
    | AgentMerged
    | CheckpointBegun
    | FilesSeen
    | GroundFound
    | MergeBegun
    | MergeFailed
    | RollbackBegun
    | RollbackFailed
    | WorkspaceBegun
    | WorkspaceDoomed
    | WorkspaceFailed
    | WorkspaceGone
    | WorkspaceMade
    | BudgetWarned
    | BudgetReached
    | BudgetRaised
    | BudgetKept
    | TenantAdmitted
    | TenantRetired
    | TenantHeld
    | TenantReleased
    | AllHeld
    | AllReleased
    | DeliveryDropped
    | ReplyFailed
    | RequestDropped
    | RequestFailed
    | RequestFinished
    | RequestHeld
    | RequestMoved
    | RequestQueued
    | RequestReleased
    | RequestReplied
    | RequestRetried
    | RequestStarted
)


class Recorded(msgspec.Struct, frozen=True):
    """An event with its place: the stream, the number there (from 1), when, and who caused it."""

    stream: str
    seq: int
    at: float
    actor: str
    event: AnyEvent
