"""What happens in a turn."""

from __future__ import annotations

from typing import Literal

from fleettui.core.events.root import Event
from fleettui.core.model import Given, Payload, Plan, ToolCall, Usage


class TurnOpened(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent has one piece of work; `run` is empty for an answer to a message.

    `part` is the part of the run that it is for, `ballot` where the agent is to vote. The outputs
    of `given` belong to the prompt; `model` and `instructions` replace the agent's own. The run
    looks at the part again when it is `due`.
    """

    turn: str
    run: str
    agent: str
    prompt: Payload
    part: str = ""
    ballot: str = ""
    given: tuple[Given, ...] = ()
    model: str = ""
    instructions: str = ""
    due: float = 0.0


class TurnPrompted(Event, frozen=True, tag=True, omit_defaults=True):
    """The engine asked the agent for something more in the same turn."""

    turn: str
    prompt: Payload


class StepTaken(Event, frozen=True, tag=True, omit_defaults=True):
    """A model replied."""

    turn: str
    step: int
    content: Payload
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    finish_reason: str = "stop"


class ProgressNoted(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent that works by itself did something worth a line in its log."""

    turn: str
    kind: Literal["tool", "out", "note"]
    text: str


class TurnFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn ended with an output; `plan` is what a planner's output says."""

    turn: str
    output: Payload
    plan: Plan | None = None


class TurnFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn failed; it is tried again at `retry_at`, or never if that is 0.

    `quota` names what its task used up, where that is why: then nothing is wrong with its agent.
    """

    turn: str
    reason: str
    retry_at: float = 0.0
    quota: str = ""


class TurnRetried(Event, frozen=True, tag=True, omit_defaults=True):
    """A failed turn goes on."""

    turn: str


class TurnCancelled(Event, frozen=True, tag=True, omit_defaults=True):
    """A turn was ended from outside."""

    turn: str
    why: str
