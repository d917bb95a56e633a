"""Deep mode: plan, carry the steps out, plan again, until the goal is met; then conclude."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.coordination.distribution import choose
from fleettui.core.coordination.synthesis import merge
from fleettui.core.coordination.work import Work, done, title, troubles, with_task
from fleettui.core.model import Given, Payload
from fleettui.core.spec.consensus import Deep
from fleettui.core.state.fleet import PartState
from fleettui.core.state.parts import OVER
from fleettui.core.state.roster import coordination_of, manager_of, workers_of

_PLAN = (
    "Plan the next steps towards the goal of this task: each one piece of work that can be done on "
    'its own. Answer with JSON and nothing else: {"goal_met": false, "steps": ["...", "..."]}.'
)
_AGAIN = (
    "The steps done so far and what they found are below. Plan the steps that are still missing, "
    'or answer {"goal_met": true} if the goal of the task is met.'
)
_UNREADABLE = (
    "Your last answer had no steps in it, and did not say that the goal is met. Answer with JSON."
)
_STEP = "Do this step of the plan, and say what you found."
_CONCLUDE = (
    "Give the final answer to the task from the findings below. Behind each statement put the step "
    "it comes from, as in [step 1.2]. Say what stays open."
)
_AT_ONCE = "The goal is met without any step. Give the final answer to the task."


def begin(work: Work, at: float) -> None:
    """Begin with a plan, or with the task itself as one step for each worker."""
    del at
    if _deep(work).planning:
        _plan_next(work, 1)
    else:
        work.plan(
            work.part("step", f"1.{number}", text=work.run.task, group=1, agent=agent)
            for number, agent in enumerate(_workers(work), 1)
        )


def advance(work: Work, at: float) -> None:
    """Go on with the iteration that is open; plan the next one, or conclude."""
    del at
    parts = list(work.run.parts.values())
    if not parts:
        return
    iteration = max(part.planned.group for part in parts)
    here = [part for part in parts if part.planned.group == iteration]
    plans = [part for part in here if part.kind == "plan"]
    steps = [part for part in here if part.kind == "step"]
    if plans and not _is_planned(work, plans, steps):
        return
    for part in steps:
        if part.status == "waiting":
            _begin_step(work, part)
    if all(part.status in OVER for part in steps):
        _conclude_or_plan(work, iteration, plans, steps)


def _deep(work: Work) -> Deep:
    return coordination_of(work.state).deep


def _planner(work: Work) -> str:
    return manager_of(work.state, work.run) or work.run.agents[0]


def _workers(work: Work) -> Sequence[str]:
    return workers_of(work.state, work.run) or work.run.agents


def findings(work: Work) -> list[PartState]:
    """Give every step that ended, in order: what it found, or that it failed."""
    steps = [part for part in work.run.parts.values() if part.kind == "step"]
    return [part for part in steps if part.status in {"done", "failed"}]


# --- planning -----------------------------------------------------------------------------------


def _plan_next(work: Work, iteration: int) -> None:
    known = findings(work)
    if not _deep(work).memory:
        known = [part for part in known if part.planned.group == iteration - 1]
    given = tuple(part.id for part in known)
    work.plan([work.part("plan", f"plan {iteration}", group=iteration, given=given)])


def _is_planned(work: Work, plans: Sequence[PartState], steps: Sequence[PartState]) -> bool:
    """Go on with the plan of an iteration; True once its steps are known."""
    part = plans[-1]
    if part.status == "waiting":
        _begin_plan(work, part)
    elif part.status in OVER - {"done"}:
        work.finish("failed", f"{part.name} failed: {part.why}", findings(work))
    elif part.status == "done" and not steps:
        return _take_plan(work, part)
    return part.status == "done" and bool(steps)


def _begin_plan(work: Work, part: PartState) -> None:
    agent, rules = _planner(work), _deep(work)
    if work.is_gone(agent):
        work.move(part, "failed", f"{agent} is stopped")
    elif work.is_free(agent):
        known = [work.run.parts[name] for name in part.planned.given]
        wanted = [_PLAN, _AGAIN if known else "", _UNREADABLE if part.tries else ""]
        failed = [f"Step {one.name} failed: {one.why}" for one in known if one.status == "failed"]
        text = "\n\n".join(line for line in (*wanted, *failed) if line)
        prompt, task = with_task(work.run, text)
        work.open(
            part, agent, prompt, given=(*task, *_cited(done(known))),
            model=rules.planner_model or "", instructions=rules.planner_prompt or "",
        )  # fmt: skip


def _take_plan(work: Work, part: PartState) -> bool:
    """Plan the steps of an answer; one that can't be read is asked for once more."""
    plan = work.state.turns[part.turn].plan
    iteration = part.planned.group
    if plan is None or not (plan.steps or plan.met):
        if part.tries > 1:
            work.move(part, "failed", f"{part.agent} gave no steps, asked twice")
        else:
            work.move(part, "waiting", "no steps in the answer")
        return False
    if plan.met:
        return True
    work.plan(
        work.part(
            "step", f"{iteration}.{number}", text=Payload(text, len(text.encode())),
            group=iteration,
        )
        for number, text in enumerate(plan.steps, 1)
    )  # fmt: skip
    return False


# --- carrying out -------------------------------------------------------------------------------


def _begin_step(work: Work, part: PartState) -> None:
    workers = _workers(work)
    agent = choose(work, part, workers)
    if all(work.is_gone(name) for name in workers):
        work.move(part, "failed", "no agent can take it")
    elif agent and _deep(work).planning:
        earlier = [one for one in findings(work) if one.planned.group < part.planned.group]
        known = _cited(done(earlier)) if _deep(work).memory else []
        task = Given("The task, of which this is a step", work.run.id)
        text = f"{_STEP}\n\nStep {part.name}: {part.planned.text.head}"
        prompt = Payload(text, len(text.encode()))
        work.open(part, agent, prompt, given=(task, *known))
    elif agent:
        prompt, task_given = with_task(work.run, "")
        work.open(part, agent, prompt, given=task_given)


def _cited(parts: Sequence[PartState]) -> list[Given]:
    """Hand findings on under the number they are cited by."""
    return [Given(f"Step {title(part)}: {part.planned.text.head[:80]}", part.id) for part in parts]


# --- concluding ---------------------------------------------------------------------------------


def _conclude_or_plan(
    work: Work, iteration: int, plans: Sequence[PartState], steps: Sequence[PartState]
) -> None:
    rules = _deep(work)
    last = not plans or not steps or iteration >= rules.max_iterations
    if not last:
        _plan_next(work, iteration + 1)
        return
    known = findings(work)
    if known and not done(known):
        work.finish("failed", troubles(known))
    elif not plans and len(known) == 1 and not rules.synthesizer_prompt:
        merge(work, known)
    else:
        _conclude(work, known)


def _conclude(work: Work, known: Sequence[PartState]) -> None:
    """Let the planner conclude; behind its answer stand the steps it was made of."""
    part = next((one for one in work.run.parts.values() if one.kind == "synthesis"), None)
    agent = _planner(work)
    if part is None:
        given = tuple(one.id for one in done(known))
        work.plan([work.part("synthesis", "conclusion", given=given)])
    elif part.status == "waiting" and work.is_gone(agent):
        work.move(part, "failed", f"{agent} is stopped")
    elif part.status == "waiting" and work.is_free(agent):
        prompt, task = with_task(work.run, _CONCLUDE if done(known) else _AT_ONCE)
        instructions = _deep(work).synthesizer_prompt or ""
        work.open(
            part, agent, prompt, given=(*task, *_cited(done(known))), instructions=instructions
        )
    elif part.status == "done":
        sources = [f"[step {title(one)}] {one.planned.text.head}" for one in done(known)]
        work.finish("finished", troubles(known), [part], sources)
    elif part.status in OVER:
        work.finish("failed", f"the conclusion failed: {part.why}", done(known))
