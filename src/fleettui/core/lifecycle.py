"""The lifecycle of an agent: a table of states and moves, and nothing else."""

from __future__ import annotations

from typing import Final, Literal

from fleettui.core.errors import IllegalMove
from fleettui.core.model import AgentStatus

Move = Literal[
    "start", "work", "wait", "rest", "pause", "resume", "stop", "stopped", "fail", "restart",
    "remove",
]  # fmt: skip

# resume: what a paused agent goes back to is told by its turn, "idle" stands for that.
_TABLE: Final[dict[AgentStatus, dict[Move, AgentStatus]]] = {
    "created": {"start": "starting", "remove": "stopped"},
    "starting": {"rest": "idle", "stop": "stopping", "fail": "failed"},
    "idle": {
        "work": "working", "pause": "paused", "stop": "stopping", "fail": "failed",
        "restart": "starting",
    },
    "working": {
        "wait": "waiting", "rest": "idle", "pause": "paused", "stop": "stopping", "fail": "failed",
        "restart": "starting",
    },
    "waiting": {
        "work": "working", "rest": "idle", "pause": "paused", "stop": "stopping", "fail": "failed",
        "restart": "starting",
    },
    "paused": {"resume": "idle", "stop": "stopping", "restart": "starting"},
    "stopping": {"stopped": "stopped", "fail": "failed"},
    "stopped": {"start": "starting", "restart": "starting", "remove": "stopped"},
    "failed": {
        "start": "starting", "work": "working", "stop": "stopping", "restart": "starting",
        "remove": "stopped",
    },
}  # fmt: skip

# What a person may ask for; the other moves follow from the work.
_ASKED: Final = ("start", "pause", "resume", "stop", "restart", "remove")
_PARTICIPLE: Final[dict[str, str]] = {
    "start": "started", "pause": "paused", "resume": "resumed", "stop": "stopped",
    "restart": "restarted", "remove": "removed",
}  # fmt: skip


def move(agent: str, status: AgentStatus, verb: Move) -> AgentStatus:
    """Give the state a move leads to; raises IllegalMove naming what is legal from here."""
    after = _TABLE[status].get(verb)
    if after is None:
        raise IllegalMove(
            f"{agent} is {status}: it can't be {_PARTICIPLE.get(verb, verb)}",
            f"it can be {_listed(legal(status))}",
        )
    return after


def legal(status: AgentStatus) -> tuple[Move, ...]:
    """Name what a person may ask of an agent in a state."""
    return tuple(verb for verb in _TABLE[status] if verb in _ASKED)


def _listed(verbs: tuple[Move, ...]) -> str:
    words = [_PARTICIPLE[verb] for verb in verbs]
    if not words:
        return "left alone until it comes to rest"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
