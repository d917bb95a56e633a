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
    """Name who gave the task, where two or more must approve and that person is not counted."""
    run = state.runs.get(action.run)
    if run is None or state.spec is None or action.needs < 2:
        return ""
    approval = state.spec.spec.approval
    group = approval.chain(action.chain)
    counts = approval.self_approval if group is None else group.self_approval
    return "" if counts else run.by
