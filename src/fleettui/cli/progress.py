"""Progress of a run on stderr: turns, findings and votes as they come."""

from __future__ import annotations

from fleettui.cli.printing import clock, say
from fleettui.client import Notice
from fleettui.core.events import (
    ActionAsked,
    ActionProposed,
    BallotClosed,
    Recorded,
    ReportWritten,
    RunStarted,
    TroubleNoted,
    TurnFailed,
    TurnOpened,
    VoteCast,
)
from fleettui.core.model import Facts
from fleettui.core.safe import one_line


def tell(notice: Notice, fleet: str) -> None:
    """Print what a person wants to know of a notice, if anything."""
    if not isinstance(notice, Recorded) or notice.stream != fleet:
        return
    for line in _lines(notice):
        say(f"{clock(notice.at)} {one_line(line)}")


def _lines(notice: Recorded) -> list[str]:
    match notice.event:
        case RunStarted(run=run, task=task):
            return [f"{run} started: {task.head}"]
        case TurnOpened(agent=agent):
            return [f"{agent} works"]
        case TurnFailed(reason=reason, retry_at=again):
            return [f"a turn failed{', it is tried again' if again else ''}: {reason}"]
        case VoteCast(vote=vote, findings=findings):
            sure = "" if vote.confidence is None else f" ({vote.confidence:.2f})"
            said = f"{vote.voter} votes {vote.verdict or vote.state}{sure}: {vote.reason}"
            found = [
                f"{vote.voter} found {one.severity}: {one.file}:{one.line} {one.message}"
                for one in findings
            ]
            return [*found, said]
        case ActionProposed(action=action, facts=facts) if facts.risks != ("read",):
            return [f"#{action} wants {_wanted(facts)}"] if facts.argv or facts.summary else []
        case ActionAsked(action=action):
            return [f"#{action} waits for a person: fleettui approve {action} | deny {action}"]
        case BallotClosed(verdict=verdict):
            word = verdict.verdict if verdict.reached else "not reached"
            return [f"verdict {word}: {verdict.reason}"]
        case ReportWritten(path=path):
            return [f"report written to {path}"]
        case TroubleNoted(agent=agent, text=text):
            return [f"{agent or 'fleet'}: {text}"]
        case _:
            return []


def _wanted(facts: Facts) -> str:
    return facts.summary or f"to run: {' '.join(facts.argv)}"
