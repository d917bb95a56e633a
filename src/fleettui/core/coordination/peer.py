"""Peer mode: every agent works on the whole task, side by side; then the votes are counted."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.ballot import Vote, tally
from fleettui.core.coordination.voting import ballot_rule, task_with_vote, wanted_consensus
from fleettui.core.events import (
    AgentMoved,
    AnyEvent,
    BallotClosed,
    BallotOpened,
    CheckpointMade,
    RunFinished,
    TurnCancelled,
    TurnOpened,
    VoteCast,
)
from fleettui.core.state.fleet import BallotState, FleetState, RunState

_OPEN = frozenset({"open", "retrying"})


def begin(state: FleetState, run: RunState, at: float) -> Sequence[AnyEvent]:
    """Mark where every agent stands, open the ballot if one is asked for, and a turn for each."""
    number = state.number
    events: list[AnyEvent] = []

    def name() -> str:
        nonlocal number
        number += 1
        return f"{state.id}/{number}"

    events += [CheckpointMade(agent, name(), f"before {run.id}") for agent in run.agents]
    consensus = wanted_consensus(state)
    if consensus is not None:
        rule = ballot_rule(state, run.agents, consensus)
        ends = at + consensus.timeout_ms / 1000
        events.append(BallotOpened(name(), run.id, run.task.head, rule, ends))
    for agent in run.agents:
        events.append(TurnOpened(name(), run.id, agent, task_with_vote(run.task, consensus)))
        if state.agents[agent].status != "paused":
            events.append(AgentMoved(agent, "working", f"task {run.id}"))
    return events


def advance(state: FleetState, run: RunState, at: float) -> Sequence[AnyEvent]:
    """Count when everybody answered, and end the run when everybody is done."""
    del at
    turns = [state.turns[name] for name in run.turns]
    working = {turn.agent for turn in turns if turn.status in _OPEN}
    ballot = state.ballots.get(run.ballot)
    if ballot is not None and ballot.verdict is None:
        return _count(state, run, ballot, working)
    if working:
        return ()
    if ballot is not None and ballot.verdict is not None:
        status = "finished" if ballot.verdict.reached else "not_reached"
        if not any(vote.state == "cast" for vote in ballot.votes.values()) and not any(
            turn.status == "finished" for turn in turns
        ):
            status = "failed"
        return (RunFinished(run.id, status, ballot.verdict.reason),)  # type: ignore[arg-type]
    done = any(turn.status == "finished" for turn in turns)
    why = "" if done else "; ".join(sorted({turn.reason for turn in turns if turn.reason}))
    return (RunFinished(run.id, "finished" if done else "failed", why),)


def _count(
    state: FleetState, run: RunState, ballot: BallotState, working: set[str]
) -> Sequence[AnyEvent]:
    """Put down those who ended without a vote; then close the ballot if it can be."""
    events: list[AnyEvent] = []
    votes = dict(ballot.votes)
    for agent in run.agents:
        if agent not in votes and agent not in working:
            last = [state.turns[t] for t in run.turns if state.turns[t].agent == agent][-1]
            reason = last.reason or f"its turn {last.status}"
            weight = ballot.rule.weight_of(agent)
            votes[agent] = Vote(agent, "", None, weight, reason, "failed", state.seq)
            events.append(VoteCast(ballot.id, votes[agent]))
    if events:
        return events
    everybody = all(agent in votes for agent in run.agents)
    first = ballot.rule.algorithm == "first_wins"
    verdict = tally(ballot.rule, tuple(votes.values()), closed=everybody)
    if verdict is None or not (everybody or first):
        return ()
    rest = [
        TurnCancelled(turn, "another agent was first")
        for turn in run.turns
        if first and state.turns[turn].status in _OPEN and state.turns[turn].agent not in votes
    ]
    return (BallotClosed(ballot.id, verdict), *rest)
