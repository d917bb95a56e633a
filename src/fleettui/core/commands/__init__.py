"""Commands: what somebody asks for, in the imperative; one handler each, in decide."""

from fleettui.core.commands.actions import (
    Approve,
    Deny,
    EditAction,
    ExpireAction,
    ExtendExpiry,
    FinishAction,
    LoseAction,
    ProposeAction,
    RejectCall,
    RevokeRule,
    StartAction,
)
from fleettui.core.commands.agents import MakeCheckpoint, MoveAgent, RollBack
from fleettui.core.commands.ballots import CastVote, CloseBallot, OverrideBallot
from fleettui.core.commands.fleets import AdmitFleet, NoteTrouble, OpenFleet, StopFleet
from fleettui.core.commands.memory import ForgetEntry, MoveSharedMemory, NoteForgotten
from fleettui.core.commands.messages import (
    AckMessage,
    DeliverMessage,
    DropMessage,
    MoveMessage,
    RetryMessage,
    ReturnMessage,
    SendMessage,
)
from fleettui.core.commands.operator import OperatorCommand
from fleettui.core.commands.parts import (
    Delegate,
    EditPlan,
    FinishPart,
    JudgePart,
    SendBack,
    WakeRun,
)
from fleettui.core.commands.root import Command
from fleettui.core.commands.runs import (
    CancelRun,
    HoldRun,
    RecordReport,
    ReleaseRun,
    ResumeRun,
    StartRun,
)
from fleettui.core.commands.turns import FailTurn, FinishTurn, RecordStep, RetryTurn

__all__ = [
    "AckMessage",
    "AdmitFleet",
    "Approve",
    "CancelRun",
    "CastVote",
    "CloseBallot",
    "Command",
    "Delegate",
    "DeliverMessage",
    "Deny",
    "DropMessage",
    "EditAction",
    "EditPlan",
    "ExpireAction",
    "ExtendExpiry",
    "FailTurn",
    "FinishAction",
    "FinishPart",
    "FinishTurn",
    "ForgetEntry",
    "HoldRun",
    "JudgePart",
    "LoseAction",
    "MakeCheckpoint",
    "MoveAgent",
    "MoveMessage",
    "MoveSharedMemory",
    "NoteForgotten",
    "NoteTrouble",
    "OpenFleet",
    "OperatorCommand",
    "OverrideBallot",
    "ProposeAction",
    "RecordReport",
    "RecordStep",
    "RejectCall",
    "ReleaseRun",
    "ResumeRun",
    "RetryMessage",
    "RetryTurn",
    "ReturnMessage",
    "RevokeRule",
    "RollBack",
    "SendBack",
    "SendMessage",
    "StartAction",
    "StartRun",
    "StopFleet",
    "WakeRun",
]
