"""Rules about the parts of a run: delegating, sending back, ending what is no agent's turn."""

from __future__ import annotations

from fleettui.core.commands import Delegate, FinishPart, JudgePart, SendBack, WakeRun
from fleettui.core.coordination.modes import advance
from fleettui.core.coordination.pipeline import may_send_back
from fleettui.core.coordination.work import Work
from fleettui.core.coordination.workflow import plan_each
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.events import ActionFinished, PartMoved, PartsPlanned, WorkSentBack
from fleettui.core.model import Asked, Part, Payload
from fleettui.core.state.fleet import ActionState, FleetState, RunState
from fleettui.core.state.names import Names
from fleettui.core.state.parts import READING
from fleettui.core.state.roster import manager_of, workers_of


def delegate(state: FleetState, command: Delegate, _asked: Asked) -> Outcome:
    """Give a manager's sub-task to a worker; what can't be given is answered at once."""
    action = state.action(command.action)
    run = state.run(action.run)
    given = any(part.planned.action == action.id for part in run.parts.values())
    if action.status != "started" or given:
        return NOTHING
    refusal = _undelegable(state, run, action, command)
    if refusal:
        text = Payload(refusal, len(refusal.encode()))
        return Outcome((ActionFinished(action.id, ok=False, output=text),))
    number = 1 + sum(part.kind == "subtask" for part in run.parts.values())
    part = Part(
        Names(state).next(), "subtask", f"sub-task {number}", command.task,
        agent=_instance(state, run, command.worker), entry=command.worker, skill=command.skill,
        priority=command.priority, action=action.id,
    )  # fmt: skip
    return Outcome((PartsPlanned(run.id, (part,)),), part.id)


def _undelegable(state: FleetState, run: RunState, action: ActionState, command: Delegate) -> str:
    """Say why a sub-task can't be given away, empty where it can."""
    workers = workers_of(state, run)
    if run.mode != "hierarchical" or action.agent != manager_of(state, run):
        return "Only the manager of a hierarchical run can delegate."
    if not command.task.head.strip():
        return "The sub-task is empty: say what is to be done."
    entries = {state.agents[name].entry for name in workers if name in state.agents}
    if command.worker and command.worker not in {*workers, *entries}:
        return f"There is no worker '{command.worker}'; there are: {', '.join(workers)}."
    return ""


def _instance(state: FleetState, run: RunState, worker: str) -> str:
    """Give the instance meant; among replicas of an entry the distribution chooses."""
    return worker if worker in workers_of(state, run) else ""


def send_back(state: FleetState, command: SendBack, _asked: Asked) -> Outcome:
    turn = state.turn(command.turn)
    if turn.sent_back or not may_send_back(state, turn):
        return NOTHING
    return Outcome((WorkSentBack(turn.id, command.reason or "no reason given"),))


def finish_part(state: FleetState, command: FinishPart, _asked: Asked) -> Outcome:
    part = state.part(command.run, command.part)
    if part.status != "running":
        return NOTHING
    if command.ok:
        return Outcome((PartMoved(command.run, part.id, "done", command.why, command.output),))
    return Outcome((PartMoved(command.run, part.id, "failed", command.why),))


def judge_part(state: FleetState, command: JudgePart, _asked: Asked) -> Outcome:
    """Go on with a step whose condition, or whose items, the engine had to read."""
    run, part = state.run(command.run), state.part(command.run, command.part)
    if part.status != "running" or part.why != READING:
        return NOTHING
    if command.items is not None:
        work = Work(state, run)
        plan_each(work, part, command.items)
        return Outcome(work.events)
    if command.met:
        return Outcome((PartMoved(run.id, part.id, "waiting", f"{command.why}: yes"),))
    return Outcome((PartMoved(run.id, part.id, "skipped", f"{command.why}: no"),))


def wake_run(state: FleetState, command: WakeRun, asked: Asked) -> Outcome:
    """Look at a run because something in it is due."""
    return Outcome(advance(state, command.run, asked.at))
