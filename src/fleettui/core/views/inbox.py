"""Rows about what waits for a person, and the ledger of what was done."""

from __future__ import annotations

from collections.abc import Mapping

from fleettui.core.state.actions import describe
from fleettui.core.state.approvers import approvers_of, requester_of
from fleettui.core.state.fleet import ActionState, AgentState, BallotState, FleetState
from fleettui.core.views.rows import ActionRow, InboxRow, PendingRow, ShownAction

# Arguments that a person sees whole elsewhere: the command line, the diff.
_COMMAND = frozenset({"argv", "args", "script"})
_SHOWN_ELSEWHERE: Mapping[str, frozenset[str]] = {
    "run": frozenset({"argv"}),
    "write_file": frozenset({"content"}),
    "edit_file": frozenset({"old", "new", "all", "edits"}),
}


def shown_action(action: ActionState) -> ShownAction:
    """Give an action as a person must see it."""
    facts = action.facts
    hidden = _SHOWN_ELSEWHERE.get(facts.tool, _COMMAND if facts.argv else frozenset({"argv"}))
    rest = {key: value for key, value in facts.arguments.items() if key not in hidden}
    return ShownAction(
        facts.tool, facts.argv, facts.cwd, action.digest, facts.program,
        tuple(sorted(facts.env)), facts.preview, rest, action.risks or facts.risks, facts.sandbox,
    )  # fmt: skip


def inbox_rows(state: FleetState) -> tuple[InboxRow, ...]:
    """Give what waits for a person in a fleet, oldest first."""
    rows = [
        _action_row(state, action)
        for action in (state.actions[name] for name in state.open_actions)
        if action.status in {"asking", "unknown"}
    ]
    rows += [_failed_row(state, agent) for agent in state.agents.values() if agent.crashes.item]
    rows += [
        _ballot_row(state, ballot) for ballot in state.ballots.values() if undecided(state, ballot)
    ]
    return tuple(sorted(rows, key=lambda row: (row.asked_at, row.id)))


def undecided(state: FleetState, ballot: BallotState) -> bool:
    """Say whether a ballot was counted without an outcome, so that a person must decide.

    A run that failed or was cancelled waits for nobody, and a ballot that was opened again is over.
    """
    run = state.runs[ballot.run]
    if ballot.verdict is None or ballot.verdict.reached or run.status in {"failed", "cancelled"}:
        return False
    return ballot.id == [one for one in run.ballots if state.ballots[one].group == ballot.group][-1]


def _action_row(state: FleetState, action: ActionState) -> InboxRow:
    unknown = action.status == "unknown"
    return InboxRow(
        id=action.id,
        kind="unknown" if unknown else "action",
        tenant=state.tenant,
        fleet=state.id,
        agent=action.agent,
        run=action.run,
        summary=describe(action),
        action=shown_action(action),
        asked_at=action.at,
        expires_at=None if unknown else action.expires_at or None,
        rule=action.reason if unknown else action.rule,
        needs=1 if unknown else action.needs - len(action.approved_by),
        version=action.version,
        nonce=action.nonce,
        why=action.why,
        always="" if unknown else action.always,
        approved_by=action.approved_by,
        options=(),
        destructive="destructive" in action.risks,
        chain=action.chain,
        approvers=approvers_of(state, action),
        requester=requester_of(state, action),
    )


def _ballot_row(state: FleetState, ballot: BallotState) -> InboxRow:
    assert ballot.verdict is not None
    return InboxRow(
        id=ballot.id,
        kind="ballot",
        tenant=state.tenant,
        fleet=state.id,
        agent="",
        run=ballot.run,
        summary=f"{ballot.question}: {ballot.verdict.reason}",
        action=None,
        asked_at=state.runs[ballot.run].finished or ballot.opened,
        expires_at=None,
        rule=f"{ballot.rule.algorithm}: {ballot.verdict.reason}",
        needs=1,
        version=1,
        nonce="",
        why=ballot.verdict.reason,
        always="",
        approved_by=(),
        options=ballot.rule.options,
        destructive=False,
    )


def _failed_row(state: FleetState, agent: AgentState) -> InboxRow:
    count = len(agent.crashes.times)
    return InboxRow(
        id=agent.crashes.item,
        kind="failed",
        tenant=state.tenant,
        fleet=state.id,
        agent=agent.id,
        run="",
        summary=f"{agent.id} was given up after {count} crashes: {agent.crashes.why}",
        action=None,
        asked_at=agent.crashes.times[-1] if count else agent.since,
        expires_at=None,
        rule="spec.health.restarts",
        needs=1,
        version=1,
        nonce="",
        why=agent.crashes.why,
        always="",
        approved_by=(),
        options=(),
        destructive=False,
    )


def pending_rows(state: FleetState, run: str) -> tuple[PendingRow, ...]:
    """Give what still waits for a person because of a run."""
    return tuple(
        PendingRow(row.id, row.kind, row.action) for row in inbox_rows(state) if row.run == run
    )


def action_rows(state: FleetState, agent: str = "") -> tuple[ActionRow, ...]:
    """Give the ledger, newest first."""
    return tuple(
        ActionRow(
            action.id, state.id, action.agent, action.facts.tool, describe(action),
            action.status, action.at, action.digest, action.approved_by, action.reason,
            action.exit_code,
        )
        for action in reversed(state.actions.values())
        if not agent or action.agent == agent
    )  # fmt: skip
