"""Tiered mode: tiers in rising order, the agents of a tier side by side."""

from __future__ import annotations

from fleettui.core.coordination.panel import (
    advance_panel,
    answers_of,
    ballot_of,
    open_panel,
    winners,
)
from fleettui.core.coordination.synthesis import conclude, merge, synthesise
from fleettui.core.coordination.voting import wanted_consensus
from fleettui.core.coordination.work import Work, done, troubles
from fleettui.core.spec.consensus import Consensus
from fleettui.core.state.fleet import FleetState, PartState
from fleettui.core.state.roster import coordination_of, seated, tier_of


def begin(work: Work, at: float) -> None:
    """Open the lowest tier."""
    _open(work, _tiers(work)[0], at)


def advance(work: Work, at: float) -> None:
    """Go on with the tier that is open; open the next one when it is over, or end the run."""
    tiers = _tiers(work)
    tier = max((part.planned.group for part in work.run.parts.values()), default=tiers[0])
    if not advance_panel(work, tier, at):
        return
    answers, ballot = answers_of(work.run, tier), ballot_of(work, tier)
    last = tier == tiers[-1]
    verdict = ballot.verdict if ballot is not None else None
    aggregation = coordination_of(work.state).tiered.final_aggregation
    if not done(answers):
        work.finish("failed", f"tier {tier}: {troubles(answers) or 'nobody answered'}", _all(work))
    elif verdict is not None and not verdict.reached:
        work.finish("not_reached", f"tier {tier}: {verdict.reason}", done(answers))
    elif not last:
        _open(work, tiers[tiers.index(tier) + 1], at)
    elif aggregation == "manager_synthesis":
        synthesise(work, _all(work) if _passes_all(work.state) else answers)
    elif aggregation == "consensus" and ballot is not None:
        conclude(work, answers, ballot)
    else:
        merge(work, answers)


def _tiers(work: Work) -> list[int]:
    return sorted({tier_of(work.state, agent) for agent in seated(work.state, work.run)})


def _open(work: Work, tier: int, at: float) -> None:
    members = [name for name in seated(work.state, work.run) if tier_of(work.state, name) == tier]
    before = [part for part in work.run.parts.values() if part.kind == "answer"]
    given: list[PartState] = done(before)
    if before and not _passes_all(work.state):
        given = winners(work, max(part.planned.group for part in before))
    open_panel(work, members, tier, _consensus(work, tier), at, given)


def _consensus(work: Work, tier: int) -> Consensus | None:
    """Give a tier's own consensus, else the fleet's, unless nobody looks at the last verdict."""
    rules = coordination_of(work.state).tiered
    own = rules.tier_consensus.get(str(tier))
    if own is None and tier == _tiers(work)[-1] and rules.final_aggregation != "consensus":
        return None
    return own if own is not None else wanted_consensus(work.state)


def _passes_all(state: FleetState) -> bool:
    return coordination_of(state).tiered.pass_all_results


def _all(work: Work) -> list[PartState]:
    return done(part for part in work.run.parts.values() if part.kind == "answer")
