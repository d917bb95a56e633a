"""The agent state machine, as a table."""

from __future__ import annotations

from typing import Final, Literal, get_args

from fleettui.core.errors import IllegalMove
from fleettui.core.model import AgentStatus

Verb = Literal[
    "create",
    "start",
    "ready",
    "run",
    "wait",
    "go_on",
    "finish_work",
    "pause",
    "resume",
    "stop",
    "stopped",
    "fail",
    "restart",
    "remove",
]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)

# What a person may ask for, and how a refusal says it; the other verbs are the engine's own.
ASKED: Final[dict[Verb, str]] = {
    "start": "started",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "restart": "restarted",
    "remove": "removed",
}

# From a state (None is "not there yet") by a verb to a state. A removed agent is gone; the table
# says the state it leaves in. A resumed one goes back to what it was, idle if nobody says.
MOVES: Final[dict[AgentStatus | None, dict[Verb, AgentStatus]]] = {
    None: {"create": "created"},
    "created": {"start": "starting", "fail": "failed", "remove": "stopped"},
    "starting": {"ready": "idle", "stop": "stopping", "fail": "failed"},
    "idle": {
        "run": "working",
        "pause": "paused",
        "stop": "stopping",
        "fail": "failed",
        "restart": "starting",
        "remove": "stopped",
    },
    "working": {
        "wait": "waiting",
        "finish_work": "idle",
        "pause": "paused",
        "stop": "stopping",
        "fail": "failed",
        "restart": "starting",
    },
    "waiting": {
        "go_on": "working",
        "finish_work": "idle",
        "pause": "paused",
        "stop": "stopping",
        "fail": "failed",
        "restart": "starting",
    },
    "paused": {
        "resume": "idle",
        "stop": "stopping",
        "fail": "failed",
        "restart": "starting",
        "remove": "stopped",
    },
    "stopping": {"stopped": "stopped", "fail": "failed", "restart": "starting"},
    "stopped": {"start": "starting", "remove": "stopped"},
    "failed": {"start": "starting", "restart": "starting", "remove": "stopped"},
}

RESUMED: Final[frozenset[AgentStatus]] = frozenset({"idle", "working", "waiting"})


def move(
    agent: str, status: AgentStatus | None, verb: Verb, back_to: AgentStatus = "idle"
) -> AgentStatus:
    """Give the state that `verb` leads to; `back_to` is what a resumed agent was before.

    Raises IllegalMove naming what is legal from `status`.
    """
    found = MOVES[status].get(verb)
    if found is None:
        raise IllegalMove(*_refusal(agent, status, verb))
    if verb == "resume" and back_to in RESUMED:
        return back_to
    return found


def legal(status: AgentStatus | None) -> tuple[Verb, ...]:
    """Name what a person may ask of an agent in this state, in the order of the keys."""
    return tuple(verb for verb in ASKED if verb in MOVES[status])


def _refusal(agent: str, status: AgentStatus | None, verb: Verb) -> tuple[str, str]:
    if status is None:
        return f"there is no agent '{agent}'", "create it first"
    words = [ASKED[name] for name in legal(status)]
    asked = f"be {ASKED[verb]}" if verb in ASKED else verb.replace("_", " ")
    return f"{agent} is {status} and can't {asked}", f"it can be {_either(words)}"


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
