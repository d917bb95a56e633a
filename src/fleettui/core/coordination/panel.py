"""A panel: agents who work on the same prompt side by side, and perhaps vote on it."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.ballot import Vote, tally
from fleettui.core.coordination.voting import ballot_rule, voting_prompt
from fleettui.core.coordination.work import OPEN, Work, done, handed, with_task
from fleettui.core.events import BallotClosed, BallotOpened, VoteCast
from fleettui.core.spec.consensus import Consensus
from fleettui.core.state.fleet import BallotState, PartState, RunState
from fleettui.core.state.parts import OVER


def open_panel(
    work: Work,
    members: Sequence[str],
    group: int,
    consensus: Consensus | None,
    at: float,
    given: Sequence[PartState] = (),
) -> None:
    """Plan an answer of every member, and open the ballot if one is asked for."""
    handed_on = tuple(part.id for part in given)
    work.plan(
        work.part("answer", agent, group=group, agent=agent, given=handed_on) for agent in members
    )
    if consensus is not None:
        _open_ballot(work, members, group, consensus, at)


def _open_ballot(
    work: Work, members: Sequence[str], group: int, consensus: Consensus, at: float
) -> str:
    rule = ballot_rule(work.state, members, consensus)
    ends, name = at + consensus.timeout_ms / 1000, work.name()
    work.add(BallotOpened(name, work.run.id, work.run.task.head, rule, ends, group))
    return name


def answers_of(run: RunState, group: int) -> list[PartState]:
    """Give the answers of a panel, in the order of the file."""
    return [
        part for part in run.parts.values() if part.kind == "answer" and part.planned.group == group
    ]


def ballot_of(work: Work, group: int) -> BallotState | None:
    """Give the newest ballot of a panel."""
    for name in reversed(work.run.ballots):
        if work.state.ballots[name].group == group:
            return work.state.ballots[name]
    return None


def advance_panel(work: Work, group: int, at: float) -> bool:
    """Go on with a panel; True once it is over: everybody ended, and the votes are counted."""
    answers, ballot = answers_of(work.run, group), ballot_of(work, group)
    if ballot is not None and ballot.verdict is None:
        _begin_answers(work, answers, ballot)
        _count(work, answers, ballot)
        return False
    if ballot is not None and not _is_reopened(work, answers, ballot, at):
        return all(part.status != "running" for part in answers)
    _begin_answers(work, answers, ballot)
    return all(part.status in OVER for part in answers)


def _begin_answers(work: Work, answers: Sequence[PartState], ballot: BallotState | None) -> None:
    """Open a turn for every member that is free; one that is gone has failed."""
    for part in answers:
        agent = part.planned.agent
        if part.status != "waiting":
            continue
        if work.is_gone(agent):
            work.move(part, "failed", f"{agent} is stopped")
        elif work.is_free(agent):
            text = "" if ballot is None else _vote_wanted(ballot)
            prompt, task = with_task(work.run, text)
            given = (*task, *handed(work.run.parts[name] for name in part.planned.given))
            work.open(part, agent, prompt, given=given, ballot=ballot.id if ballot else "")


def _vote_wanted(ballot: BallotState) -> str:
    return f"When you are done, {voting_prompt(ballot.rule.options)}"


def _is_reopened(work: Work, answers: Sequence[PartState], ballot: BallotState, at: float) -> bool:
    """Open a new ballot where a resumed run has answers to give again; votes given stay."""
    again = any(part.status == "waiting" for part in answers)
    if not again or ballot.verdict is None or ballot.verdict.reached:
        return False
    name = work.name()
    ends = at + max(ballot.lasts, 1.0)
    work.add(BallotOpened(name, work.run.id, ballot.question, ballot.rule, ends, ballot.group))
    for part in answers:
        vote = ballot.votes.get(part.planned.agent)
        if part.status == "done" and vote is not None and vote.state == "cast":
            given = ballot.findings.get(vote.voter, ()), ballot.outputs.get(vote.voter, part.output)
            work.add(VoteCast(name, vote, *given))
    return True


def _count(work: Work, answers: Sequence[PartState], ballot: BallotState) -> None:
    """Put down those who ended without a vote; then close the ballot if it can be."""
    votes = dict(ballot.votes)
    missing = [part for part in answers if part.status in OVER and part.planned.agent not in votes]
    for part in missing:
        agent = part.planned.agent
        weight = ballot.rule.weight_of(agent)
        reason = part.why or f"its turn {part.status}"
        vote = Vote(agent, "", None, weight, reason, "failed", work.state.seq)
        work.add(VoteCast(ballot.id, vote))
    if missing:
        return
    everybody = all(part.planned.agent in votes for part in answers)
    first = ballot.rule.algorithm == "first_wins"
    verdict = tally(ballot.rule, tuple(votes.values()), closed=everybody)
    if verdict is None or not (everybody or first):
        return
    work.add(BallotClosed(ballot.id, verdict))
    for part in answers:
        turn = work.state.turns.get(part.turn)
        voted = part.planned.agent in votes
        if first and not voted and (part.status == "waiting" or (turn and turn.status in OPEN)):
            work.cancel(part, "another agent was first")


def winners(work: Work, group: int) -> list[PartState]:
    """Give what a panel hands on: its verdict's best answer, or every answer without a ballot."""
    answers, ballot = done(answers_of(work.run, group)), ballot_of(work, group)
    if ballot is None or ballot.verdict is None:
        return answers
    votes = ballot.votes
    for_it = [
        part
        for part in answers
        if part.planned.agent in votes
        and votes[part.planned.agent].verdict == ballot.verdict.verdict
    ]
    best = max(for_it, key=lambda part: _standing(votes[part.planned.agent]), default=None)
    return [best] if best is not None else answers


def _standing(vote: Vote) -> float:
    """Give weight times confidence; a vote without a confidence stands in the middle."""
    return vote.weight * (0.5 if vote.sure is None else vote.sure)
