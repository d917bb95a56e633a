"""Rows about runs, ballots and the queue."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from fleettui.core.model import PRIORITIES
from fleettui.core.state.fleet import BallotState, FleetState, RunState
from fleettui.core.views.agents import usage_of
from fleettui.core.views.inbox import inbox_rows, pending_rows
from fleettui.core.views.parts import coming_parts, part_counts, shown_parts
from fleettui.core.views.rows import (
    BallotRow,
    FindingRow,
    MessageRow,
    RunReport,
    RunRow,
    TurnRow,
    VerdictRow,
    VoteRow,
)

# Of a run with more parts than this a screen shows those that go on, failed, or come next.
MOST_PARTS = 60


def verdict_row(ballot: BallotState | None) -> VerdictRow | None:
    if ballot is None or ballot.verdict is None:
        return None
    verdict = ballot.verdict
    return VerdictRow(verdict.verdict, verdict.confidence, verdict.reached, verdict.reason)


def vote_rows(ballot: BallotState | None) -> tuple[VoteRow, ...]:
    """Give every voter's vote in the order of the file; who has not voted yet is open."""
    if ballot is None:
        return ()
    rows = []
    for voter, weight in ballot.rule.voters.items():
        vote = ballot.votes.get(voter)
        if vote is None:
            rows.append(VoteRow(voter, "", None, weight, "", "open"))
        else:
            rows.append(
                VoteRow(voter, vote.verdict, vote.confidence, weight, vote.reason, vote.state)
            )
    return tuple(rows)


def ballot_rows(state: FleetState, most: int | None = None) -> tuple[BallotRow, ...]:
    """Give the ballots of a fleet, newest first."""
    newest = islice(reversed(state.ballots.values()), most)
    return tuple(_ballot_row(state, ballot) for ballot in newest)


def _ballot_row(state: FleetState, ballot: BallotState) -> BallotRow:
    votes = vote_rows(ballot)
    whole = sum(ballot.rule.voters.values()) or 1.0
    shares = dict.fromkeys(ballot.rule.options, 0.0)
    for vote in votes:
        if vote.state == "cast":
            shares[vote.verdict] = shares.get(vote.verdict, 0.0) + vote.weight / whole
    leading = max(shares, key=lambda option: shares[option], default="")
    decided = ballot.verdict.verdict if ballot.verdict and ballot.verdict.reached else leading
    dissent = tuple(
        f"{vote.agent}: {vote.verdict} {vote.reason}"
        for vote in votes
        if vote.state == "cast" and vote.verdict != decided
    )
    closed = "overridden" if ballot.overridden_by else "closed"
    tier = f"tier {ballot.group}: " if ballot.group else ""
    return BallotRow(
        ballot.id, state.id, ballot.run, tier + ballot.question, ballot.rule.algorithm,
        1.0 if ballot.rule.algorithm == "unanimous" else 0.5, ballot.rule.options, shares, votes,
        "open" if ballot.verdict is None else closed,  # type: ignore[arg-type]
        ballot.ends_at, verdict_row(ballot), dissent,
    )  # fmt: skip


def turn_rows(state: FleetState, run: RunState, outputs: Mapping[str, str]) -> tuple[TurnRow, ...]:
    rows = []
    for name in run.turns:
        turn = state.turns[name]
        agent = state.agents.get(turn.agent)
        rows.append(
            TurnRow(
                turn.id,
                agent.entry if agent else turn.agent,
                turn.agent,
                "open" if turn.status == "open" else turn.status,
                outputs.get(name, turn.output.head),
                turn.steps,
                turn.started,
                turn.finished,
                turn.reason,
            )
        )
    return tuple(rows)


def run_rows(state: FleetState, most: int | None = None) -> tuple[RunRow, ...]:
    """Give the runs of a fleet, newest first."""
    waiting = inbox_rows(state)
    return tuple(
        RunRow(
            run.id,
            state.id,
            state.tenant,
            run.mode,
            run.task.head,
            run.status,
            run.started,
            run.finished,
            verdict_row(state.ballots.get(run.ballot)),
            turn_rows(state, run, {}),
            len(finding_rows(state, run)),
            run.report,
            run.reason,
            sum(row.run == run.id for row in waiting),
            run.by,
            run.held_by,
            (*shown_parts(run, MOST_PARTS), *coming_parts(state, run)) if place == 0 else (),
            part_counts(run),
        )
        for place, run in enumerate(islice(reversed(state.runs.values()), most))
    )


def finding_rows(state: FleetState, run: RunState) -> tuple[FindingRow, ...]:
    ballot = state.ballots.get(run.ballot)
    if ballot is None:
        return ()
    return tuple(
        FindingRow(voter, finding)
        for voter in ballot.rule.voters
        for finding in ballot.findings.get(voter, ())
    )


def run_report(
    state: FleetState, run: RunState, outputs: Mapping[str, str], parts: Mapping[str, str]
) -> RunReport:
    """Give the whole of a run; `outputs` are the full answers of its turns, `parts` of its parts.

    Its output is that of one part, or of several under their titles.
    """
    ballot = state.ballots.get(run.ballot)
    turns = turn_rows(state, run, outputs)
    output = run_text(run, parts)
    return RunReport(
        run.id, state.id, run.mode, run.status, verdict_row(ballot), vote_rows(ballot), turns,
        output, run.report, pending_rows(state, run.id), usage_of(run.bill),
        finding_rows(state, run), run.reason,
    )  # fmt: skip


def run_text(run: RunState, parts: Mapping[str, str]) -> str:
    """Write the output of a run from the whole texts of its parts."""
    texts = [(given.title, parts.get(given.of, "").strip()) for given in run.output if given.of]
    sources = "\n".join(f"- {given.title}" for given in run.output if not given.of)
    blocks = [f"## {title}\n\n{text}" for title, text in texts if text]
    if len(texts) == 1:
        blocks = [texts[0][1]]
    return "\n\n".join([*blocks, *([f"Sources:\n\n{sources}"] if sources else [])])


def message_rows(state: FleetState) -> tuple[MessageRow, ...]:
    """Give the messages of a fleet: by priority, then age; dead letters last."""
    order = {message.id: message.order for message in state.messages.values()}
    rows = [
        MessageRow(
            message.id, state.id, message.priority, message.sender, message.to, message.status,
            message.at, message.tries, message.body.head, message.why, message.kind, message.topic,
            message.held_by,
        )
        for message in state.messages.values()
    ]  # fmt: skip
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                row.status == "dead",
                PRIORITIES.index(row.priority),
                order[row.id],
                row.at,
            ),
        )
    )
