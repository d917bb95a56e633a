"""What a rule gives back, and how it names new things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fleettui.core.errors import Forbidden
from fleettui.core.events import AnyEvent
from fleettui.core.model import Asked


class Outcome(NamedTuple):
    """The events of a command, and the answer for whoever sent it."""

    events: Sequence[AnyEvent]
    answer: str = ""


NOTHING = Outcome(())


def no_agent(asked: Asked, what: str) -> str:
    """Name who asks: a person, or the system by a rule of the file; raises Forbidden for agents."""
    return str(asked.actor) if asked.actor.kind == "system" else only_people(asked, what)


def only_people(asked: Asked, what: str) -> str:
    """Name the person who asks; raises Forbidden for agents and for the system."""
    if asked.actor.kind != "operator":
        raise Forbidden(f"only a person may {what}, and {asked.actor} is none")
    return asked.actor.name
