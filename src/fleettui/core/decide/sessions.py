"""Rules about agents that work by themselves: the session they keep, what they report."""

from __future__ import annotations

from fleettui.core.commands import KeepSession, NoteProgress
from fleettui.core.decide.outcome import Outcome
from fleettui.core.errors import Stale
from fleettui.core.events import ProgressNoted, SessionKept
from fleettui.core.model import Asked
from fleettui.core.state.fleet import FleetState


def keep_session(state: FleetState, command: KeepSession, _asked: Asked) -> Outcome:
    agent = state.agent(command.agent)
    return Outcome((SessionKept(agent.id, command.session, command.how),))


def note_progress(state: FleetState, command: NoteProgress, _asked: Asked) -> Outcome:
    turn = state.turn(command.turn)
    if turn.status not in {"open", "retrying"}:
        raise Stale(f"{turn.id} is over already: {turn.status}")
    return Outcome((ProgressNoted(turn.id, command.kind, command.text),))
