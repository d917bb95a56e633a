"""Roles: what a member of a tenant may do; each may all that the one before it may."""

from __future__ import annotations

from typing import Final

from fleettui.core import commands
from fleettui.core.commands import budgets, requests, tenants
from fleettui.core.errors import Forbidden
from fleettui.core.model import ROLES, Actor, Role

_LEAST: Final[dict[type, Role]] = {
    commands.OpenFleet: "operator",
    commands.AdmitFleet: "operator",
    commands.StopFleet: "operator",
    commands.StartRun: "operator",
    commands.CancelRun: "operator",
    commands.HoldRun: "operator",
    commands.ReleaseRun: "operator",
    commands.ResumeRun: "operator",
    commands.EditPlan: "operator",
    commands.MoveAgent: "operator",
    commands.MakeCheckpoint: "operator",
    commands.RollBack: "operator",
    commands.ForkAgent: "operator",
    commands.MergeAgent: "operator",
    commands.RemoveWorkspace: "operator",
    commands.SendMessage: "operator",
    commands.RetryMessage: "operator",
    commands.DropMessage: "operator",
    commands.MoveMessage: "operator",
    commands.HoldMessage: "operator",
    commands.ReleaseMessage: "operator",
    commands.RestoreMessage: "operator",
    commands.ForgetEntry: "operator",
    commands.Approve: "approver",
    commands.Deny: "approver",
    commands.Withdraw: "approver",
    commands.EditAction: "approver",
    commands.ExtendExpiry: "approver",
    commands.RevokeRule: "approver",
    commands.OverrideBallot: "approver",
    requests.SendToFlow: "operator",
    requests.UseFlows: "admin",
    requests.QueueRequest: "operator",
    requests.DropRequest: "operator",
    requests.HoldRequest: "operator",
    requests.ReleaseRequest: "operator",
    requests.MoveRequest: "operator",
    requests.RetryRequest: "operator",
    tenants.HoldTenant: "operator",
    tenants.ReleaseTenant: "operator",
    budgets.RaiseBudget: "approver",
    budgets.KeepBudget: "approver",
    tenants.HoldAll: "admin",
    tenants.ReleaseAll: "admin",
}


# What somebody may ask who is no member, where a rule names them.
_OF_STRANGERS: Final = frozenset({commands.Approve, commands.Deny, commands.Withdraw})


def refuse_role(actor: Actor, command: object, whose: str = "") -> None:
    """Refuse what a person's role does not reach; whatever is in no table needs an admin.

    `whose` names the member whose rights these are, where it is not the actor.
    """
    if actor.kind != "operator":
        return
    least = _LEAST.get(type(command), "admin")
    if not actor.known and type(command) not in _OF_STRANGERS:
        raise Forbidden(f"{actor.name} is no member of {actor.tenant}", "ask an admin to add you")
    if ROLES.index(actor.role) < ROLES.index(least):
        raise Forbidden(
            f"{whose or actor.name} is {actor.role} of {actor.tenant}, and this needs {least}",
            f"ask an admin of {actor.tenant}",
        )
