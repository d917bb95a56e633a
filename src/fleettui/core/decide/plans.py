"""Rules about a run that a person holds, changes or takes up again."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.commands import EditPlan, HoldRun, ReleaseRun, ResumeRun
from fleettui.core.decide.outcome import NOTHING, Outcome, only_people
from fleettui.core.errors import Refused, Stale
from fleettui.core.events import AnyEvent, PartMoved, PartsPlanned, RunHeld, RunReleased, RunResumed
from fleettui.core.model import Asked, Part, Payload, PlannedStep
from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.names import Names
from fleettui.core.state.parts import EDITABLE


def hold_run(state: FleetState, command: HoldRun, asked: Asked) -> Outcome:
    by, run = only_people(asked, "hold a run"), _running(state, command.run)
    if run.held_by:
        raise Stale(f"{run.id} is held by {run.held_by} already")
    return Outcome((RunHeld(run.id, by),))


def release_run(state: FleetState, command: ReleaseRun, asked: Asked) -> Outcome:
    by, run = only_people(asked, "release a run"), _running(state, command.run)
    if not run.held_by:
        raise Stale(f"{run.id} is not held")
    return Outcome((RunReleased(run.id, by),))


def resume_run(state: FleetState, command: ResumeRun, asked: Asked) -> Outcome:
    """Go on from what failed; what is done is kept and no model is asked for it again."""
    by, run = only_people(asked, "resume a run"), state.run(command.run)
    if run.status in {"running", "finished"}:
        raise Stale(f"{run.id} is {run.status}", "give the fleet a new task")
    if state.stopped or state.stopping:
        raise Refused(f"{state.id} is stopped", "open its file again to start it")
    other = state.running()
    if other is not None:
        raise Refused(f"{other.id} is still going on", "wait for its end, or cancel it")
    if all(part.status in {"done", "skipped"} for part in run.parts.values()):
        raise Refused(
            f"nothing of {run.id} failed, so there is nothing to do again",
            "decide its ballot in the inbox, or give the fleet a new task",
        )
    return Outcome((RunResumed(run.id, by),), run.id)


def edit_plan(state: FleetState, command: EditPlan, asked: Asked) -> Outcome:
    """Put other steps in place of those that still wait."""
    by, run = only_people(asked, "edit a plan"), _running(state, command.run)
    waiting = {
        part.id: part
        for part in run.parts.values()
        if part.status == "waiting" and part.kind in EDITABLE
    }
    if not waiting:
        raise Refused(f"no step of {run.id} waits", "hold the run, then change its next steps")
    wanted = [step for step in command.steps if step.text.strip()]
    for step in wanted:
        if step.part and step.part not in waiting:
            raise Stale(f"{step.part} does not wait any more", "read the plan again")
        if step.agent:
            state.agent(step.agent)
    if [(one.id, one.planned.text.head, one.planned.agent) for one in waiting.values()] == [
        (step.part, step.text, step.agent) for step in wanted
    ]:
        return NOTHING
    kept = _kept(list(waiting.values()), wanted)
    for step in wanted[len(kept) :]:
        if step.part and waiting[step.part].planned.text.blob:
            raise Refused(
                f"{waiting[step.part].name} is too long to be planned anew",
                "leave it as it is, before the steps that change",
            )
    model = next(iter(waiting.values()))
    names, number = Names(state), _count_like(run, model)
    parts = tuple(
        _planned(names.next(), number + place, step, model)
        for place, step in enumerate(wanted[len(kept) :], 1)
    )
    planned: list[AnyEvent] = [PartsPlanned(run.id, parts, by)] if parts else []
    dropped: list[AnyEvent] = [
        PartMoved(run.id, name, "cancelled", f"plan changed by {by}")
        for name in waiting
        if name not in kept
    ]
    return Outcome((*planned, *dropped))


def _kept(waiting: Sequence[PartState], wanted: Sequence[PlannedStep]) -> frozenset[str]:
    """Give the steps that stay as they are: those before the first that is new or changed."""
    kept: list[str] = []
    places = {part.id: place for place, part in enumerate(waiting)}
    last = -1
    for step in wanted:
        place = places.get(step.part, -1)
        part = waiting[place]
        if place <= last or (part.planned.text.head, part.planned.agent) != (step.text, step.agent):
            break
        kept.append(part.id)
        last = place
    return frozenset(kept)


def _count_like(run: RunState, model: PartState) -> int:
    """Count the parts that are numbered together with a step."""
    old = model.planned
    return sum(
        one.planned.group == old.group and one.kind == old.kind for one in run.parts.values()
    )


def _planned(name: str, number: int, step: PlannedStep, model: PartState) -> Part:
    old = model.planned
    label = f"{old.group}.{number}" if old.group else f"{old.kind} {number}"
    text = Payload(step.text, len(step.text.encode()))
    return Part(name, old.kind, label, text, old.group, step.agent, given=old.given)


def _running(state: FleetState, name: str) -> RunState:
    run = state.run(name)
    if run.status != "running":
        raise Stale(f"{run.id} is over already: {run.status}")
    return run
