"""What is counted and logged of a request: until flows bring their own, every run is one."""

from __future__ import annotations

from typing import NamedTuple

from fleettui.core.state.fleet import FleetState, RunState
from fleettui.engine.subfleets import parent_of

# Where a run came from that a person or a script started here.
LOCAL = "local"


class Ended(NamedTuple):
    """A request that ended: whose, in which run, by whom, what, and what it took."""

    tenant: str
    flow: str
    platform: str
    channel: str
    user: str
    agent: str
    action: str
    status: str
    at: float
    seconds: float
    tokens: int
    request: str
    run: str


def ended_run(state: FleetState, run: RunState) -> Ended | None:
    """Describe a run that ended; None for one that is a step of another."""
    if parent_of(run):
        return None
    finished = run.finished or run.started
    return Ended(
        state.tenant, state.name, LOCAL, "", run.by, run.agents[0] if len(run.agents) == 1 else "",
        run.task.head, run.status, finished, finished - run.started, _tokens(state, run), run.id,
        run.id,
    )  # fmt: skip


def _tokens(state: FleetState, run: RunState) -> int:
    turns = set(run.turns)
    entries = (
        entry
        for name in {state.turns[turn].agent for turn in turns}
        if name in state.agents
        for entry in state.agents[name].transcript
        if entry.turn in turns
    )
    return sum(entry.usage.input_tokens + entry.usage.output_tokens for entry in entries)
