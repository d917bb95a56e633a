"""`handle`: one command through its rule, into the state, and everything that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleettui.core import commands
from fleettui.core.commands import Command
from fleettui.core.decide import (
    actions,
    agents,
    alerts,
    ballots,
    checkpoints,
    fleets,
    memory,
    messages,
    parts,
    plans,
    runs,
    scaling,
    sessions,
    talks,
    workspaces,
)
from fleettui.core.decide.outcome import Outcome
from fleettui.core.decide.react import react
from fleettui.core.decide.roles import refuse_role
from fleettui.core.events import AnyEvent
from fleettui.core.model import Asked
from fleettui.core.state.evolve import evolve
from fleettui.core.state.fleet import FleetState
from fleettui.core.tenancy import no_fleet, tenant_of

Rule = Callable[[FleetState, Any, Asked], Outcome]


def decide(state: FleetState, command: Command, asked: Asked) -> Outcome:
    """Ask the command's one rule; raises an error of core.errors and changes nothing."""
    if not state.id and type(command) is not commands.AdmitFleet:
        raise no_fleet(command.fleet)
    if asked.actor.kind != "system" and asked.actor.tenant != tenant_of(command.fleet):
        raise no_fleet(command.fleet)
    refuse_role(asked.actor, command)
    return _RULES[type(command)](state, command, asked)


def handle(state: FleetState, command: Command, asked: Asked) -> tuple[list[AnyEvent], str]:
    """Decide, change the state in place, and go on until nothing more follows."""
    outcome = decide(state, command, asked)
    events = list(outcome.events)
    for event in events:
        evolve(state, event, asked.at)
    # What follows is added behind, and may have something follow it in turn.
    for event in events:
        more = react(state, event, asked.at)
        for following in more:
            evolve(state, following, asked.at)
        events += more
    return events, outcome.answer


_RULES: dict[type, Rule] = {
    commands.AdmitFleet: fleets.admit_fleet,
    commands.StopFleet: fleets.stop_fleet,
    commands.NoteTrouble: fleets.note_trouble,
    commands.MoveAgent: agents.move_agent,
    commands.ReleaseAgent: scaling.release_agent,
    commands.RemoveReplica: scaling.remove_replica,
    commands.MakeCheckpoint: checkpoints.make_checkpoint,
    commands.RollBack: checkpoints.roll_back,
    commands.FinishRollBack: checkpoints.finish_roll_back,
    commands.NoteGround: workspaces.note_ground,
    commands.BeginWorkspace: workspaces.begin_workspace,
    commands.FinishWorkspace: workspaces.finish_workspace,
    commands.BeginCheckpoint: workspaces.begin_checkpoint,
    commands.FinishCheckpoint: workspaces.finish_checkpoint,
    commands.NoteFiles: workspaces.note_files,
    commands.ForkAgent: workspaces.fork_agent,
    commands.MergeAgent: workspaces.merge_agent,
    commands.FinishMerge: workspaces.finish_merge,
    commands.RemoveWorkspace: workspaces.remove_workspace,
    commands.DropWorkspace: workspaces.drop_workspace,
    commands.RaiseAlert: alerts.raise_alert,
    commands.ClearAlert: alerts.clear_alert,
    commands.KeepSession: sessions.keep_session,
    commands.NoteProgress: sessions.note_progress,
    commands.StartRun: runs.start_run,
    commands.CancelRun: runs.cancel_run,
    commands.HoldRun: plans.hold_run,
    commands.ReleaseRun: plans.release_run,
    commands.ResumeRun: plans.resume_run,
    commands.EditPlan: plans.edit_plan,
    commands.Delegate: parts.delegate,
    commands.SendBack: parts.send_back,
    commands.FinishPart: parts.finish_part,
    commands.JudgePart: parts.judge_part,
    commands.WakeRun: parts.wake_run,
    commands.RecordStep: runs.record_step,
    commands.FinishTurn: runs.finish_turn,
    commands.FailTurn: runs.fail_turn,
    commands.RetryTurn: runs.retry_turn,
    commands.AwaitSettings: agents.await_settings,
    commands.TakeSettings: agents.take_settings,
    commands.RecordReport: runs.record_report,
    commands.CastVote: ballots.cast_vote,
    commands.CloseBallot: ballots.close_ballot,
    commands.RenewBallot: ballots.renew_ballot,
    commands.OverrideBallot: ballots.override_ballot,
    commands.ProposeAction: actions.propose_action,
    commands.RejectCall: actions.reject_call,
    commands.Approve: actions.approve,
    commands.Deny: actions.deny,
    commands.Withdraw: actions.withdraw,
    commands.EditAction: actions.edit_action,
    commands.ExtendExpiry: actions.extend_expiry,
    commands.WithdrawAction: actions.withdraw_action,
    commands.ExpireAction: actions.expire_action,
    commands.StartAction: actions.start_action,
    commands.FinishAction: actions.finish_action,
    commands.LoseAction: actions.lose_action,
    commands.RevokeRule: actions.revoke_rule,
    commands.SendMessage: messages.send_message,
    commands.Broadcast: talks.broadcast,
    commands.Publish: talks.publish,
    commands.Subscribe: talks.subscribe,
    commands.AskAgent: talks.ask_agent,
    commands.ExpireMessage: talks.expire_message,
    commands.DeliverMessage: messages.deliver_message,
    commands.AckMessage: messages.ack_message,
    commands.ReturnMessage: messages.return_message,
    commands.RetryMessage: messages.retry_message,
    commands.DropMessage: messages.drop_message,
    commands.MoveMessage: messages.move_message,
    commands.HoldMessage: messages.hold_message,
    commands.ReleaseMessage: messages.release_message,
    commands.RestoreMessage: messages.restore_message,
    commands.MoveSharedMemory: memory.move_shared_memory,
    commands.ForgetEntry: memory.forget_entry,
    commands.NoteForgotten: memory.note_forgotten,
}
