"""How events change runs and turns."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    ProgressNoted,
    ReportWritten,
    RunFinished,
    RunHeld,
    RunReleased,
    RunResumed,
    RunStarted,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnOpened,
    TurnPrompted,
    TurnRetried,
)
from fleettui.core.quota import day_of
from fleettui.core.state.fleet import Bill, Entry, FleetState, LogLine, RunState, TurnState
from fleettui.core.state.parts import place

# How a step of an agent that works by itself says that there is more to come.
MORE = "more"


def _run_started(state: FleetState, event: RunStarted, at: float) -> None:
    state.number += 1
    state.runs[event.run] = RunState(
        event.run, event.task, event.mode, event.agents, event.by, at,
        event.base, event.record, event.replay,
    )  # fmt: skip
    run = state.runs[event.run]
    run.seed, run.items, run.request = event.seed or event.run, event.items, event.request


def _run_finished(state: FleetState, event: RunFinished, at: float) -> None:
    run = state.runs[event.run]
    run.status, run.reason, run.finished = event.status, event.reason, at
    run.output, run.held_by = event.output, ""


def _held(state: FleetState, event: RunHeld, at: float) -> None:
    state.runs[event.run].held_by = event.by
    state.log.append(LogLine(at, "note", f"{event.run} held by {event.by}"))


def _released(state: FleetState, event: RunReleased, at: float) -> None:
    state.runs[event.run].held_by = ""
    state.log.append(LogLine(at, "note", f"{event.run} released by {event.by}"))


def _resumed(state: FleetState, event: RunResumed, at: float) -> None:
    run = state.runs[event.run]
    run.status, run.reason, run.finished, run.output = "running", "", None, ()
    for part in run.parts.values():
        if part.status in {"failed", "cancelled", "running"}:
            part.tries, part.failed_by, part.due, part.why = 0, (), 0.0, ""
            place(run, part, "waiting", at)
    state.log.append(LogLine(at, "note", f"{event.run} resumed by {event.by}"))


def _report_written(state: FleetState, event: ReportWritten, _at: float) -> None:
    run = state.runs[event.run]
    run.report, run.report_body = event.path, event.body


def _turn_opened(state: FleetState, event: TurnOpened, at: float) -> None:
    state.number += 1
    turn = state.turns[event.turn] = TurnState(event.turn, event.run, event.agent, at)
    turn.part, turn.ballot = event.part, event.ballot
    turn.model, turn.instructions = event.model, event.instructions
    agent = state.agents[event.agent]
    agent.turns[event.turn] = None
    agent.trouble = ""
    agent.files.why = ""
    if event.prompt.head or event.given:
        entry = Entry("prompt", at, event.turn, event.prompt, given=event.given)
        agent.transcript.append(entry)
    if event.run:
        _work_on(state.runs[event.run], event, at)


def _work_on(run: RunState, event: TurnOpened, at: float) -> None:
    """Let a part of a run go on in a new turn."""
    run.turns.append(event.turn)
    part = run.parts.get(event.part)
    if part is None:
        return
    part.turn, part.agent, part.due, part.started = event.turn, event.agent, event.due, at
    part.tries += 1
    run.shares[event.agent] = run.shares.get(event.agent, 0) + 1
    place(run, part, "running", at)


def _turn_prompted(state: FleetState, event: TurnPrompted, at: float) -> None:
    turn = state.turns[event.turn]
    turn.asked_again = True
    state.agents[turn.agent].transcript.append(Entry("prompt", at, event.turn, event.prompt))


def _step_taken(state: FleetState, event: StepTaken, at: float) -> None:
    turn = state.turns[event.turn]
    turn.steps = event.step
    agent = state.agents[turn.agent]
    more = event.finish_reason == MORE
    agent.transcript.append(
        Entry("reply", at, turn.id, event.content, event.calls, usage=event.usage, more=more)
    )
    if more:
        # Part of an answer: what it cost comes with the end of it.
        return
    agent.bill.add(event.usage)
    turn.tokens += event.usage.input_tokens + event.usage.output_tokens
    state.days.setdefault(day_of(at), Bill()).add(event.usage)
    if turn.run:
        state.runs[turn.run].bill.add(event.usage)


def _progress(state: FleetState, event: ProgressNoted, at: float) -> None:
    agent = state.agents[state.turns[event.turn].agent]
    agent.log.append(LogLine(at, event.kind, event.text, event.turn))


def _turn_finished(state: FleetState, event: TurnFinished, at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.output, turn.finished = "finished", event.output, at
    turn.plan = event.plan
    agent = state.agents[turn.agent]
    agent.turns.pop(turn.id, None)
    agent.files.turns += 1


def _turn_failed(state: FleetState, event: TurnFailed, at: float) -> None:
    turn = state.turns[event.turn]
    agent = state.agents[turn.agent]
    turn.reason, turn.retry_at, turn.quota = event.reason, event.retry_at, event.quota
    turn.failures += 1
    agent.trouble = event.reason
    agent.log.append(LogLine(at, "error", event.reason, turn.id))
    if event.retry_at:
        turn.status = "retrying"
    else:
        turn.status, turn.finished = "failed", at
        agent.turns.pop(turn.id, None)


def _turn_retried(state: FleetState, event: TurnRetried, _at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.retry_at = "open", 0.0
    state.agents[turn.agent].trouble = ""


def _turn_cancelled(state: FleetState, event: TurnCancelled, at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.reason, turn.finished = "cancelled", event.why, at
    agent = state.agents[turn.agent]
    agent.turns.pop(turn.id, None)
    agent.log.append(LogLine(at, "note", f"turn ended: {event.why}", turn.id))


STEPS: dict[type, Any] = {
    RunStarted: _run_started,
    RunFinished: _run_finished,
    RunHeld: _held,
    RunReleased: _released,
    RunResumed: _resumed,
    ReportWritten: _report_written,
    TurnOpened: _turn_opened,
    TurnPrompted: _turn_prompted,
    StepTaken: _step_taken,
    ProgressNoted: _progress,
    TurnFinished: _turn_finished,
    TurnFailed: _turn_failed,
    TurnRetried: _turn_retried,
    TurnCancelled: _turn_cancelled,
}
