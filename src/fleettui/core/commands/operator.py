"""The union of what a person may send, through any face."""

from __future__ import annotations

from fleettui.core.commands.actions import (
    Approve,
    Deny,
    EditAction,
    ExtendExpiry,
    RevokeRule,
    Withdraw,
)
from fleettui.core.commands.agents import MakeCheckpoint, MoveAgent, RollBack
from fleettui.core.commands.ballots import OverrideBallot
from fleettui.core.commands.fleets import OpenFleet, StopFleet
from fleettui.core.commands.memory import ForgetEntry
from fleettui.core.commands.messages import (
    DropMessage,
    HoldMessage,
    MoveMessage,
    ReleaseMessage,
    RestoreMessage,
    RetryMessage,
    SendMessage,
)
from fleettui.core.commands.parts import EditPlan
from fleettui.core.commands.requests import (
    DropRequest,
    HoldRequest,
    MoveRequest,
    ReleaseRequest,
    RetryRequest,
    SendToFlow,
    UseFlows,
)
from fleettui.core.commands.runs import CancelRun, HoldRun, ReleaseRun, ResumeRun, StartRun
from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.commands.workspaces import ForkAgent, MergeAgent, RemoveWorkspace

OperatorCommand = (
    OpenFleet
    | StopFleet
    | StartRun
    | CancelRun
    | HoldRun
    | ReleaseRun
    | ResumeRun
    | EditPlan
    | MoveAgent
    | MakeCheckpoint
    | RollBack
    | ForkAgent
    | MergeAgent
    | RemoveWorkspace
    | SendMessage
    | RetryMessage
    | DropMessage
    | MoveMessage
    | HoldMessage
    | ReleaseMessage
    | RestoreMessage
    | Approve
    | Deny
    | Withdraw
    | EditAction
    | ExtendExpiry
    | RevokeRule
    | OverrideBallot
    | ForgetEntry
    | HoldTenant
    | ReleaseTenant
    | HoldAll
    | ReleaseAll
    | DropRequest
    | HoldRequest
    | ReleaseRequest
    | MoveRequest
    | RetryRequest
    | SendToFlow
    | UseFlows
)
