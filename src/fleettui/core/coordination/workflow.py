"""Workflow mode: steps that wait for each other; what waits for nothing goes on side by side."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.coordination.distribution import choose
from fleettui.core.coordination.filling import filled_prompt
from fleettui.core.coordination.results import (
    Unread,
    is_met,
    items_of,
    outputs_of,
    without_success,
)
from fleettui.core.coordination.work import OPEN, Work, done, handed, title, with_task
from fleettui.core.events import ActionDenied, TurnCancelled
from fleettui.core.model import Part, Payload
from fleettui.core.spec.condition import UnreadableCondition
from fleettui.core.spec.workflow import Step, Workflow
from fleettui.core.state.fleet import FleetState, PartState
from fleettui.core.state.parts import OVER, READING

LONGEST_BACKOFF = 3600.0


def begin(work: Work, at: float) -> None:
    """Plan every step; those with `join` any or majority look at their needs themselves."""
    del at
    ids: dict[str, str] = {}
    steps = workflow_of(work.state).steps
    parts = [(place, step, work.name()) for place, step in enumerate(steps)]
    for _, step, name in parts:
        ids[step.name] = name
    work.plan(
        Part(
            name,
            step.kind if step.kind != "terminal" else "join",
            step.name,
            Payload(step.task or step.approval or " ".join(step.run or ()) or step.fleet or ""),
            entry=step.agent or "",
            key=str(place),
            needs=tuple(ids[need] for need in step.needs) if step.join == "all" else (),
            given=tuple(ids[need] for need in step.needs),
        )
        for place, step, name in parts
    )


def advance(work: Work, at: float) -> None:
    """Begin what is ready, end what took too long, and end the run after the last step."""
    run = work.run
    for name in list(run.going):
        _check_time(work, run.parts[name], at)
    for name in list(run.failed):
        _try_again(work, run.parts[name], at)
    stuck = [name for name in run.failed if not _goes_on(work, run.parts[name])]
    ending = work.state.stopping or work.state.stopped
    if not work.events and not stuck and not ending:
        _begin_ready(work, at)
    if not work.events and not any(_is_busy(work, run.parts[name]) for name in run.going):
        _end(work, [run.parts[name] for name in stuck])


def workflow_of(state: FleetState) -> Workflow:
    assert state.spec is not None
    assert state.spec.spec.workflow is not None
    return state.spec.spec.workflow


def step_of(state: FleetState, part: PartState) -> Step | None:
    """Give the step a part is of; None where the file lost it since."""
    steps, name = workflow_of(state).steps, part.name.partition("[")[0]
    place = int(part.planned.key or -1)
    if 0 <= place < len(steps) and steps[place].name == name:
        return steps[place]
    return next((step for step in steps if step.name == name), None)


# --- beginning ----------------------------------------------------------------------------------


def _begin_ready(work: Work, at: float) -> None:
    run, room = work.run, workflow_of(work.state).max_parallel - len(work.run.going)
    for name in list(run.ready):
        part = run.parts[name]
        if room <= 0:
            break
        if part.due > at:
            continue
        before = len(work.events)
        _begin(work, part, at)
        room -= len(work.events) > before


def _begin(work: Work, part: PartState, at: float) -> None:
    """Begin one step, skip it, or let it wait on."""
    step = step_of(work.state, part)
    if step is None:
        work.move(part, "failed", "the step is not in the file any more")
        return
    if not part.planned.parent and not _may_begin(work, part, step):
        return
    if step.for_each is not None and not part.planned.parent:
        _begin_each(work, part, step)
        return
    due = at + step.timeout if step.timeout else 0.0
    match step.kind:
        case "agent":
            _begin_turn(work, part, step, due)
        case "join" | "terminal":
            work.move(part, "running")
            work.move(part, "done", part.why)
        case "run" | "fleet" | "approval":
            work.move(part, "running", due=due)


def _may_begin(work: Work, part: PartState, step: Step) -> bool:
    """Look at the needs and the condition of a step; skip it where they say so."""
    needs = [work.run.parts[name] for name in part.planned.given]
    wanted = {"all": len(needs), "any": 1, "majority": len(needs) // 2 + 1}[step.join]
    wanted = min(wanted, len(needs))
    succeeded = [need for need in needs if need.status == "done"]
    possible = [need for need in needs if need.status not in {"skipped", "failed", "cancelled"}]
    if len(possible) < wanted:
        work.move(part, "skipped", "a step before it was skipped")
        return False
    if len(succeeded) < wanted:
        return False
    if step.when is None or part.why.endswith(": yes"):
        return True
    try:
        met = is_met(work, step.when)
    except Unread:
        work.move(part, "running", READING)
        return False
    except UnreadableCondition as error:
        work.move(part, "failed", str(error))
        return False
    if not met:
        work.move(part, "skipped", f"when {step.when}: no")
    return met


def _begin_turn(work: Work, part: PartState, step: Step, due: float) -> None:
    agents = [name for name in work.run.agents if _entry(work.state, name) == step.agent]
    if all(work.is_gone(name) for name in agents):
        work.move(part, "failed", f"{step.agent} can't take work")
    elif agent := choose(work, part, agents):
        before = [work.run.parts[name] for name in part.planned.given]
        given = handed(done(outputs_of(work.run, before)))
        item = part.planned.text.head if part.planned.parent else ""
        if step.task:
            prompt, more = filled_prompt(work, step.task, item)
            known = {one.of for one in given}
            given += [one for one in more if one.of not in known]
            work.open(part, agent, prompt, given=given, due=due)
        else:
            prompt, task = with_task(work.run, f"Item: {item}" if item else "")
            work.open(part, agent, prompt, given=(*task, *given), due=due)


def _begin_each(work: Work, part: PartState, step: Step) -> None:
    """Plan a part for every item; their parent goes on until the last of them."""
    if _items(work, part):
        work.move(part, "running")
        return
    try:
        items = items_of(work, step)
    except Unread:
        work.move(part, "running", READING)
        return
    plan_each(work, part, items)


def plan_each(work: Work, part: PartState, items: Sequence[str]) -> None:
    """Plan the parts of a step that is done for each of some items."""
    if not items:
        work.move(part, "done", "no items")
        return
    work.move(part, "running")
    work.plan(
        Part(
            work.name(), part.kind, f"{part.name}[{number}]", Payload(item, len(item.encode())),
            entry=part.planned.entry, key=part.planned.key, given=part.planned.given,
            parent=part.id,
        )
        for number, item in enumerate(items, 1)
    )  # fmt: skip


# --- ending -------------------------------------------------------------------------------------


def _check_time(work: Work, part: PartState, at: float) -> None:
    """End a step whose time is up, and one whose items have all ended."""
    items = _items(work, part)
    if items:
        if all(item.status in OVER for item in items) and not any(
            _will_try_again(work, item) for item in items
        ):
            failed = [item for item in items if item.status == "failed"]
            why = "; ".join(f"{item.name}: {item.why}" for item in failed[:3])
            work.move(part, "failed" if failed else "done", why)
    elif part.due and part.due <= at and not _is_doing(work, part):
        work.move(part, "failed", "its time was up")
        action = work.state.actions.get(part.action)
        if action is not None and action.status in {"asking", "allowed", "approved"}:
            work.add(ActionDenied(action.id, "fleettui", "its time was up"))
        turn = work.state.turns.get(part.turn)
        if turn is not None and turn.status in OPEN:
            work.add(TurnCancelled(turn.id, "its time was up"))


def _is_doing(work: Work, part: PartState) -> bool:
    """Say whether a step does something in the world now: that ends by its own time limit."""
    action = work.state.actions.get(part.action)
    return action is not None and action.status == "started"


def _is_busy(work: Work, part: PartState) -> bool:
    """Say whether something happens for a part; one that is done for each item waits for them."""
    return not any(item.status == "waiting" for item in _items(work, part))


def _items(work: Work, part: PartState) -> list[PartState]:
    step = step_of(work.state, part)
    if step is None or step.for_each is None or part.planned.parent:
        return []
    return [one for one in work.run.parts.values() if one.planned.parent == part.id]


def _will_try_again(work: Work, part: PartState) -> bool:
    step = step_of(work.state, part)
    return part.status == "failed" and step is not None and part.tries <= step.retries


def _try_again(work: Work, part: PartState, at: float) -> None:
    """Let a failed step wait for its next try, or go on without it where its file says so."""
    step = step_of(work.state, part)
    if step is None:
        return
    is_parent = step.for_each is not None and not part.planned.parent
    if part.tries <= step.retries and part.tries and not is_parent:
        wait = min(step.backoff * 2 ** (part.tries - 1), LONGEST_BACKOFF)
        work.move(part, "waiting", part.why, due=at + wait)
    elif step.continue_on_error:
        work.move(part, "done", without_success(part.why))


def _goes_on(work: Work, part: PartState) -> bool:
    """Say whether the run has more to do in spite of a failed part: its parent answers for it."""
    return bool(part.planned.parent) and work.run.parts[part.planned.parent].status == "running"


def _end(work: Work, stuck: Sequence[PartState]) -> None:
    parts = [part for part in work.run.parts.values() if not part.planned.parent]
    ended = [part for part in outputs_of(work.run, _leaves(work, parts)) if part.status == "done"]
    if stuck:
        failed = [part for part in stuck if not part.planned.parent]
        why = "; ".join(f"step {title(part)} failed: {part.why}" for part in failed)
        work.finish("failed", why, outputs_of(work.run, done(parts)))
    elif all(part.status in OVER for part in parts):
        work.finish("finished", "", ended)


def _leaves(work: Work, parts: Sequence[PartState]) -> list[PartState]:
    """Give the steps nobody waited for; where they say nothing, what they waited for."""
    needed = {name for part in parts if part.status == "done" for name in part.planned.given}
    leaves = [part for part in parts if part.id not in needed and part.status == "done"]
    silent = [part for part in leaves if part.kind == "join"]
    before = [work.run.parts[name] for part in silent for name in part.planned.given]
    chosen = {part.id for part in leaves if part.kind != "join"} | {part.id for part in before}
    return [part for part in parts if part.id in chosen]


def _entry(state: FleetState, agent: str) -> str:
    return state.agents[agent].entry if agent in state.agents else ""
