"""Hierarchical mode: a manager gives sub-tasks to workers, sees what comes back, and concludes."""

from __future__ import annotations

from fleettui.core.coordination.distribution import choose
from fleettui.core.coordination.work import Work, done, with_task
from fleettui.core.model import PRIORITIES, Given
from fleettui.core.state.fleet import FleetState, PartState
from fleettui.core.state.parts import OVER
from fleettui.core.state.roster import manager_of, skills_of, workers_of

_WANTED = (
    "You manage the workers below. Give them sub-tasks with the tool delegate: name a worker, or a "
    "skill, or neither; several calls in one reply work side by side. You get each result, or why "
    "there is none; delegate again where that helps. End with one answer to the task, made of what "
    "came back."
)


def begin(work: Work, at: float) -> None:
    """Plan the manager's part; without one there is nothing to do."""
    del at
    manager = manager_of(work.state, work.run)
    if manager:
        work.plan([work.part("manager", manager, agent=manager)])
    else:
        work.finish("failed", "the manager of this fleet can't take work now")


def advance(work: Work, at: float) -> None:
    """Give sub-tasks to workers that are free; the run ends with its manager's turn."""
    del at
    manager = next((one for one in work.run.parts.values() if one.kind == "manager"), None)
    if manager is None:
        return
    if manager.status in OVER:
        _end(work, manager)
        return
    if manager.status == "waiting":
        _begin_manager(work, manager)
    workers = workers_of(work.state, work.run)
    for part in _by_priority(work):
        if all(work.is_gone(name) for name in workers):
            work.move(part, "failed", "no worker can take it")
        elif agent := choose(work, part, workers):
            whole = (Given("The whole task, of which this is a part", work.run.id),)
            work.open(part, agent, part.planned.text, given=whole)


def _begin_manager(work: Work, part: PartState) -> None:
    agent = part.planned.agent
    if work.is_gone(agent):
        work.move(part, "failed", f"{agent} is stopped")
    elif work.is_free(agent):
        names = workers_of(work.state, work.run)
        lines = [_introduced(work.state, name) for name in names if name in work.state.agents]
        prompt, task = with_task(work.run, "\n".join([_WANTED, "", *lines]))
        work.open(part, agent, prompt, given=task)


def _introduced(state: FleetState, agent: str) -> str:
    entry, spec = state.entry_of(agent), state.spec_of(agent)
    skills = ", ".join(skills_of(state, agent))
    about = f": {spec.description}" if spec.description else ""
    return f"- {agent} ({entry.role}){' skills: ' + skills if skills else ''}{about}"


def _by_priority(work: Work) -> list[PartState]:
    """Give the sub-tasks that could begin, the most urgent first, else as they were given."""
    ready = [work.run.parts[name] for name in work.run.ready]
    waiting = [part for part in ready if part.kind == "subtask"]
    return sorted(waiting, key=lambda part: PRIORITIES.index(part.planned.priority))


def _end(work: Work, manager: PartState) -> None:
    """End the run with its manager; what still goes on has nobody to go to."""
    tasks = [part for part in work.run.parts.values() if part.kind == "subtask"]
    for part in tasks:
        if part.status not in OVER:
            work.cancel(part, "the manager's turn is over")
    if manager.status == "done":
        work.finish("finished", "", [manager])
    else:
        why = f"the manager {manager.agent or manager.name} failed: {manager.why}"
        work.finish("failed", why, done(tasks))
