"""How the answers of several agents become one: by votes, side by side, or by a manager."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.coordination.work import Work, done, handed, troubles, with_task
from fleettui.core.state.fleet import BallotState, PartState
from fleettui.core.state.parts import OVER
from fleettui.core.state.roster import manager_of

_WANTED = (
    "The other agents have answered; their answers are below. Bring them together into one answer "
    "to the task: say what they agree on, settle where they differ, leave nothing important out."
)


def synthesiser(work: Work) -> str:
    """Give who brings the answers together: the manager, else the last agent of the file."""
    return manager_of(work.state, work.run) or work.run.agents[-1]


def synthesise(
    work: Work, answers: Sequence[PartState], *, instructions: str = "", wanted: str = _WANTED
) -> bool:
    """Let the manager bring answers together, and end the run with it; False where it can't be."""
    part = next((one for one in work.run.parts.values() if one.kind == "synthesis"), None)
    if part is None:
        handed_on = tuple(one.id for one in done(answers))
        work.plan([work.part("synthesis", "synthesis", given=handed_on)])
    elif part.status == "waiting":
        agent = synthesiser(work)
        if work.is_gone(agent):
            work.move(part, "failed", f"{agent} is stopped")
        elif work.is_free(agent):
            prompt, task = with_task(work.run, wanted)
            given = handed(work.run.parts[name] for name in part.planned.given)
            work.open(part, agent, prompt, given=(*task, *given), instructions=instructions)
    elif part.status == "done":
        work.finish("finished", troubles(answers), [part])
    elif part.status in OVER:
        reason = f"{part.agent or 'the manager'} could not bring the answers together: {part.why}"
        work.finish("failed", reason, done(answers))
    return True


def merge(work: Work, answers: Sequence[PartState]) -> None:
    """End the run with every answer; it failed if there is none."""
    if done(answers):
        work.finish("finished", troubles(answers), done(answers))
    else:
        work.finish("failed", troubles(answers) or "nobody answered")


def conclude(work: Work, answers: Sequence[PartState], ballot: BallotState) -> None:
    """End the run with the verdict of its ballot."""
    assert ballot.verdict is not None
    status = "finished" if ballot.verdict.reached else "not_reached"
    voted = any(vote.state == "cast" for vote in ballot.votes.values())
    if not voted and not done(answers) and not ballot.verdict.reached:
        status = "failed"
    work.finish(status, ballot.verdict.reason, done(answers))  # type: ignore[arg-type]
