"""Rules about runs and turns."""

from __future__ import annotations

from fleettui.core.ballot import Vote
from fleettui.core.commands import (
    CancelRun,
    FailTurn,
    FinishTurn,
    RecordReport,
    RecordStep,
    RetryTurn,
    StartRun,
)
from fleettui.core.coordination.pipeline import may_send_back
from fleettui.core.coordination.voting import ABSTAIN, voting_prompt
from fleettui.core.decide.health import crash
from fleettui.core.decide.outcome import NOTHING, Outcome
from fleettui.core.decide.scaling import grown
from fleettui.core.errors import Refused, Stale
from fleettui.core.events import (
    ActionDenied,
    AgentCreated,
    AnyEvent,
    ReportWritten,
    RunFinished,
    RunStarted,
    StepTaken,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnPrompted,
    TurnRetried,
    VoteCast,
    WorkSentBack,
)
from fleettui.core.model import Asked, Payload
from fleettui.core.spec.known import REPLAYED, WITHOUT_TURNS
from fleettui.core.state.fleet import BallotState, FleetState, RunState, TurnState
from fleettui.core.state.names import Names

# A transport error is tried again after 1, 2, 4 and 8 seconds, or when the provider says.
BACKOFF = (1.0, 2.0, 4.0, 8.0)
LONGEST_BACKOFF = 60.0


def start_run(state: FleetState, command: StartRun, asked: Asked) -> Outcome:
    """Give the fleet a task; refused while another run is going on or nobody can work."""
    assert state.spec is not None
    begun = run_of_request(state, command.request)
    if begun is not None:
        return Outcome((), begun.id)
    if state.stopped or state.stopping:
        raise Refused(f"{state.id} is stopped", "open its file again to start it")
    running = state.running()
    if running is not None:
        raise Refused(f"{running.id} is still going on", "wait for its end, or cancel it")
    if not command.task.head.strip():
        raise Refused("the task is empty", "say what the fleet should do")
    _refuse_recording(state, command)
    if asked.actor.kind == "operator" and not (command.request or command.seed):
        asked.standing.admit_request(asked.actor.name, asked.at)
    mode = state.spec.spec.coordination.mode
    made = grown(state, len(command.items), asked.standing)
    able = tuple(
        agent.id
        for agent in state.agents.values()
        if agent.status in {"idle", "paused", "failed"}
        and not agent.turn
        and state.spec_of(agent.id).type not in WITHOUT_TURNS
    )
    able += tuple(event.agent for event in made if isinstance(event, AgentCreated))
    if not able and mode != "workflow":
        raise Refused(
            f"no agent of {state.id} can take work now", "wait until one is idle, or start one"
        )
    name = Names(state).next()
    started = RunStarted(
        name, command.task, mode, able, str(asked.actor),
        command.base, command.record, command.replay, command.seed, command.items, command.request,
    )  # fmt: skip
    return Outcome((*made, started), name)


def run_of_request(state: FleetState, request: str) -> RunState | None:
    """Give the run that was started for a try of a request."""
    runs = reversed(state.runs.values()) if request else ()
    return next((run for run in runs if run.request == request), None)


def _refuse_recording(state: FleetState, command: StartRun) -> None:
    """Refuse what would be no recording: an agent that works by itself can't be replayed."""
    what = "record" if command.record else "replay" if command.replay else ""
    if not what:
        return
    for agent in state.agents:
        kind = state.spec_of(agent).type
        if kind not in REPLAYED | WITHOUT_TURNS:
            raise Refused(
                f"{agent} is of type {kind}, which works by itself: a run with it can't be "
                f"{what}ed",
                f"run it without --{what}, or with agents of type {', '.join(sorted(REPLAYED))}",
            )


def cancel_run(state: FleetState, command: CancelRun, asked: Asked) -> Outcome:
    run = state.run(command.run)
    if run.status != "running":
        raise Stale(f"{run.id} is over already: {run.status}")
    why = command.why or f"cancelled by {asked.actor}"
    events: list[AnyEvent] = [RunFinished(run.id, "cancelled", why)]
    for name in run.turns:
        if state.turns[name].status in {"open", "retrying"}:
            events += end_turn(state, state.turns[name], why)
    events += [
        ActionDenied(action.id, "fleettui", why)
        for action in (state.actions[name] for name in sorted(state.open_actions))
        if action.run == run.id
        and action.part
        and action.status in {"asking", "allowed", "approved"}
    ]
    return Outcome(events)


def end_turn(state: FleetState, turn: TurnState, why: str) -> list[AnyEvent]:
    """Cancel a turn and deny what it still waits for."""
    waiting = [
        ActionDenied(action.id, "fleettui", why)
        for action in state.actions_of(turn.agent)
        if action.turn == turn.id and action.status in {"proposed", "asking", "allowed", "approved"}
    ]
    return [*waiting, TurnCancelled(turn.id, why)]


def _open_turn(state: FleetState, turn: str) -> TurnState:
    found = state.turn(turn)
    if found.status not in {"open", "retrying"}:
        raise Stale(f"{turn} is over already: {found.status}")
    return found


def record_step(state: FleetState, command: RecordStep, _asked: Asked) -> Outcome:
    turn = _open_turn(state, command.turn)
    if command.step != turn.steps + 1:
        raise Stale(f"{turn.id} is at step {turn.steps}, not at {command.step - 1}")
    return Outcome((
        StepTaken(
            turn.id, command.step, command.content, command.calls, command.usage,
            command.finish_reason,
        ),
    ))  # fmt: skip


def finish_turn(state: FleetState, command: FinishTurn, _asked: Asked) -> Outcome:
    """End a turn; a voter that has not voted is asked once more, and then abstains."""
    turn = _open_turn(state, command.turn)
    finished = TurnFinished(turn.id, command.output, command.plan)
    ballot = open_ballot(state, turn)
    if ballot is None or turn.agent in ballot.votes:
        back = command.sent_back if may_send_back(state, turn) and not turn.sent_back else ""
        return Outcome((*((WorkSentBack(turn.id, back),) if back else ()), finished))
    weight = ballot.rule.weight_of(turn.agent)
    if command.vote is not None:
        return Outcome((*_vote_line(ballot, turn.agent, weight, command.vote, state.seq), finished))
    if not turn.asked_again:
        again = Payload(f"Your vote is missing. Please {voting_prompt(ballot.rule.options)}")
        return Outcome((TurnPrompted(turn.id, again),))
    silent = Vote(turn.agent, "", None, weight, "gave no vote, asked twice", "abstained", state.seq)
    return Outcome((VoteCast(ballot.id, silent), finished))


def _vote_line(
    ballot: BallotState, agent: str, weight: float, vote: Vote, seq: int
) -> list[AnyEvent]:
    known = {option.casefold(): option for option in ballot.rule.options}
    verdict = known.get(vote.verdict.casefold())
    if verdict is None:
        reason = f"voted {vote.verdict!r}, which is no option: {vote.reason}".rstrip(": ")
        if vote.verdict.casefold() == ABSTAIN:
            reason = vote.reason
        return [VoteCast(ballot.id, Vote(agent, "", None, weight, reason, "abstained", seq))]
    cast = Vote(agent, verdict, vote.confidence, weight, vote.reason, "cast", seq)
    return [VoteCast(ballot.id, cast)]


def open_ballot(state: FleetState, turn: TurnState) -> BallotState | None:
    """Give the ballot that a turn's agent is to vote in, while it is open."""
    ballot = state.ballots.get(turn.ballot)
    return ballot if ballot is not None and ballot.verdict is None else None


def fail_turn(state: FleetState, command: FailTurn, asked: Asked) -> Outcome:
    """Fail a turn; a retryable failure waits and is tried again, at most four times."""
    turn = _open_turn(state, command.turn)
    retry_at, about = 0.0, list[AnyEvent]()
    if command.crashed:
        about, retry_at = crash(state, turn, command.reason, asked.at)
    elif command.retryable and turn.failures < len(BACKOFF):
        wait = max(BACKOFF[turn.failures], min(command.retry_after, LONGEST_BACKOFF))
        retry_at = asked.at + wait
    failed = TurnFailed(turn.id, command.reason, retry_at, command.quota)
    denied = [] if retry_at else end_turn(state, turn, "its turn failed")[:-1]
    return Outcome((*about, *denied, failed))


def retry_turn(state: FleetState, command: RetryTurn, asked: Asked) -> Outcome:
    turn = state.turn(command.turn)
    if turn.status != "retrying" or turn.retry_at > asked.at:
        return NOTHING
    return Outcome((TurnRetried(turn.id),))


def record_report(state: FleetState, command: RecordReport, _asked: Asked) -> Outcome:
    run = state.run(command.run)
    return Outcome((ReportWritten(run.id, command.path, command.body),))
