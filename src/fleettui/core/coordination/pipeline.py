"""Pipeline mode: the agents in the order of the file, each on the output of the one before."""

from __future__ import annotations

from itertools import pairwise

from fleettui.core.coordination.distribution import choose
from fleettui.core.coordination.work import Work, done, handed, with_task
from fleettui.core.model import Part
from fleettui.core.state.fleet import FleetState, PartState, TurnState
from fleettui.core.state.parts import OVER

_CHECKED = (
    "The work before you is below. If it must be done again, call the tool send_back with the "
    "reason, or end your answer with one line: SEND BACK: reason. That is possible once."
)


def begin(work: Work, at: float) -> None:
    """Plan a stage for every entry of the file that has an agent in the run."""
    del at
    entries = dict.fromkeys(work.state.agents[name].entry for name in work.run.agents)
    checks = {name for name in entries if _checks(work.state, name)}
    stages: list[Part] = []
    given: tuple[str, ...] = ()
    for number, entry in enumerate(entries, 1):
        needs = (stages[-1].id,) if stages else ()
        stages.append(work.part("stage", entry, group=number, needs=needs, given=given))
        # What a validator says is no work: the work it was about goes on with it.
        given = (*(given if entry in checks else ()), stages[-1].id)
    work.plan(stages)


def advance(work: Work, at: float) -> None:
    """Begin the stage whose turn it is; end the line after the last, or where one failed."""
    del at
    stages = list(work.run.parts.values())
    failed = next((part for part in stages if part.status in OVER - {"done"}), None)
    if failed is not None:
        reason = f"stage {failed.name} failed: {failed.why or failed.status}"
        work.finish("failed", reason, done(stages))
        return
    turned = _sent_back(work, stages)
    if turned:
        return
    for name in work.run.ready:
        _begin_stage(work, work.run.parts[name])
    if stages and all(part.status == "done" for part in stages):
        work.finish("finished", "", [stages[-1]])


def _begin_stage(work: Work, part: PartState) -> None:
    agents = [name for name in work.run.agents if _entry(work.state, name) == part.name]
    agent = choose(work, part, agents)
    if all(work.is_gone(name) for name in agents):
        work.move(part, "failed", f"{part.name} is stopped")
    elif agent and work.is_free(agent):
        before = [work.run.parts[name] for name in part.planned.given]
        again = _reason_to_do_again(part)
        text = _CHECKED if before and _is_validator(work.state, agent) else ""
        prompt, task = with_task(work.run, again or text)
        if again:
            before = [*before, part]
        work.open(part, agent, prompt, given=(*task, *handed(before)))


def _reason_to_do_again(part: PartState) -> str:
    """Say why a stage works a second time, empty where it does not."""
    if not part.why.startswith("sent back"):
        return ""
    return f"Your work was {part.why}\n\nDo it again with that in mind; your first work is below."


def _sent_back(work: Work, stages: list[PartState]) -> bool:
    """Let the stage before a validator work once more where it asked for that the first time."""
    for before, part in pairwise(stages):
        turn = work.state.turns.get(part.turn)
        if part.status != "done" or turn is None or not turn.sent_back:
            continue
        if part.tries > 1:
            why = f"sent back a second time: {turn.sent_back}"
            work.move(part, "failed", why)
        else:
            work.move(before, "waiting", f"sent back by {part.agent}: {turn.sent_back}")
            work.move(part, "waiting")
        return True
    return False


def may_send_back(state: FleetState, turn: TurnState) -> bool:
    """Say whether a turn's agent is to check the work before it."""
    run = state.runs.get(turn.run)
    part = run.parts.get(turn.part) if run else None
    before = part is not None and part.kind == "stage" and part.planned.given
    return bool(before) and _is_validator(state, turn.agent)


def _is_validator(state: FleetState, agent: str) -> bool:
    return agent in state.agents and state.entry_of(agent).role == "validator"


def _checks(state: FleetState, entry: str) -> bool:
    assert state.spec is not None
    return any(one.name == entry and one.role == "validator" for one in state.spec.spec.agents)


def _entry(state: FleetState, agent: str) -> str:
    return state.agents[agent].entry if agent in state.agents else ""
