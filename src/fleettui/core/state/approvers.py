"""Who may approve an action, and whose approval does not count."""

from __future__ import annotations

from fleettui.core.state.fleet import ActionState, FleetState


def approvers_of(state: FleetState, action: ActionState) -> tuple[str, ...]:
    """Name who may approve; every operator where it is empty."""
    own = action.facts.arguments.get("approvers") if action.facts.tool == "approval" else None
    if own:
        return tuple(own)
    if state.spec is None:
        return ()
    approval = state.spec.spec.approval
    group = approval.chain(action.chain)
    return approval.approvers if group is None else tuple(map(str, group.approvers))


def requester_of(state: FleetState, action: ActionState) -> str:
    """Name who gave the task, where that person is not counted among those who approve.

    Where one approver is enough they are, unless `self_approval: false` is said; where more are
    needed they are only if it says true. A flow that names people always says one of them.
    """
    run = state.runs.get(action.run)
    if run is None or state.spec is None:
        return ""
    approval = state.spec.spec.approval
    group = approval.chain(action.chain)
    rule = approval if group is None else group
    alone = action.needs < 2 and "self_approval" not in rule.model_fields_set
    return "" if alone or rule.self_approval else run.by
