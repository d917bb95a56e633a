"""What a rule gives back, and how it names new things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fleettui.core.errors import Forbidden
from fleettui.core.events import AnyEvent
from fleettui.core.model import Asked
from fleettui.core.state.fleet import FleetState


class Outcome(NamedTuple):
    """The events of a command, and the answer for whoever sent it."""

    events: Sequence[AnyEvent]
    answer: str = ""


NOTHING = Outcome(())


def only_people(asked: Asked, what: str) -> str:
    """Name the person who asks; raises Forbidden for agents and for the system."""
    if asked.actor.kind != "operator":
        raise Forbidden(f"only a person may {what}, and {asked.actor} is none")
    return asked.actor.name


class Names:
    """Ids for the things one command makes, in the order of their events."""

    def __init__(self, state: FleetState) -> None:
        self._fleet = state.id
        self._number = state.number

    def next(self) -> str:
        self._number += 1
        return f"{self._fleet}/{self._number}"
