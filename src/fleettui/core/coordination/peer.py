"""Peer mode: every agent works on the whole task, side by side; then the answers become one."""

from __future__ import annotations

from fleettui.core.coordination.panel import advance_panel, answers_of, ballot_of, open_panel
from fleettui.core.coordination.synthesis import conclude, merge, synthesise
from fleettui.core.coordination.voting import wanted_consensus
from fleettui.core.coordination.work import Work, done
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.roster import coordination_of, workers_of

_ALL = 0


def begin(work: Work, at: float) -> None:
    """Plan an answer of every agent; a vote is asked for where the file has a consensus."""
    aggregation = coordination_of(work.state).aggregation
    members = work.run.agents
    if aggregation == "manager_synthesis":
        members = workers_of(work.state, work.run) or members
    votes = aggregation in {None, "consensus"}
    open_panel(work, members, _ALL, wanted_consensus(work.state) if votes else None, at)


def advance(work: Work, at: float) -> None:
    """Count when everybody answered, and end the run when everybody is done."""
    if not advance_panel(work, _ALL, at):
        return
    answers, ballot = answers_of(work.run, _ALL), ballot_of(work, _ALL)
    if ballot is not None:
        conclude(work, answers, ballot)
    elif _synthesis_wanted(work.state) and done(answers):
        synthesise(work, answers)
    else:
        merge(work, answers)


def _synthesis_wanted(state: FleetState) -> bool:
    return coordination_of(state).aggregation == "manager_synthesis"
