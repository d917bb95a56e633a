"""How events change runs and turns."""

from __future__ import annotations

from typing import Any

from fleettui.core.events import (
    ReportWritten,
    RunFinished,
    RunStarted,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnOpened,
    TurnPrompted,
    TurnRetried,
)
from fleettui.core.state.fleet import Entry, FleetState, LogLine, RunState, TurnState


def _run_started(state: FleetState, event: RunStarted, at: float) -> None:
    state.number += 1
    state.runs[event.run] = RunState(
        event.run, event.task, event.mode, event.agents, event.by, at,
        event.base, event.record, event.replay,
    )  # fmt: skip


def _run_finished(state: FleetState, event: RunFinished, at: float) -> None:
    run = state.runs[event.run]
    run.status, run.reason, run.finished = event.status, event.reason, at


def _report_written(state: FleetState, event: ReportWritten, _at: float) -> None:
    run = state.runs[event.run]
    run.report, run.report_body = event.path, event.body


def _turn_opened(state: FleetState, event: TurnOpened, at: float) -> None:
    state.number += 1
    state.turns[event.turn] = TurnState(event.turn, event.run, event.agent, at)
    agent = state.agents[event.agent]
    agent.turn, agent.trouble = event.turn, ""
    if event.prompt.head:
        agent.transcript.append(Entry("prompt", at, event.turn, event.prompt))
    if event.run:
        state.runs[event.run].turns.append(event.turn)


def _turn_prompted(state: FleetState, event: TurnPrompted, at: float) -> None:
    turn = state.turns[event.turn]
    turn.asked_again = True
    state.agents[turn.agent].transcript.append(Entry("prompt", at, event.turn, event.prompt))


def _step_taken(state: FleetState, event: StepTaken, at: float) -> None:
    turn = state.turns[event.turn]
    turn.steps = event.step
    agent = state.agents[turn.agent]
    agent.transcript.append(
        Entry("reply", at, turn.id, event.content, event.calls, usage=event.usage)
    )
    agent.bill.add(event.usage)
    if turn.run:
        state.runs[turn.run].bill.add(event.usage)


def _turn_finished(state: FleetState, event: TurnFinished, at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.output, turn.finished = "finished", event.output, at
    state.agents[turn.agent].turn = ""


def _turn_failed(state: FleetState, event: TurnFailed, at: float) -> None:
    turn = state.turns[event.turn]
    agent = state.agents[turn.agent]
    turn.reason, turn.retry_at = event.reason, event.retry_at
    turn.failures += 1
    agent.trouble = event.reason
    agent.log.append(LogLine(at, "error", event.reason, turn.id))
    if event.retry_at:
        turn.status = "retrying"
    else:
        turn.status, turn.finished, agent.turn = "failed", at, ""


def _turn_retried(state: FleetState, event: TurnRetried, _at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.retry_at = "open", 0.0
    state.agents[turn.agent].trouble = ""


def _turn_cancelled(state: FleetState, event: TurnCancelled, at: float) -> None:
    turn = state.turns[event.turn]
    turn.status, turn.reason, turn.finished = "cancelled", event.why, at
    agent = state.agents[turn.agent]
    agent.turn = ""
    agent.log.append(LogLine(at, "note", f"turn ended: {event.why}", turn.id))


STEPS: dict[type, Any] = {
    RunStarted: _run_started,
    RunFinished: _run_finished,
    ReportWritten: _report_written,
    TurnOpened: _turn_opened,
    TurnPrompted: _turn_prompted,
    StepTaken: _step_taken,
    TurnFinished: _turn_finished,
    TurnFailed: _turn_failed,
    TurnRetried: _turn_retried,
    TurnCancelled: _turn_cancelled,
}
