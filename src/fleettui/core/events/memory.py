"""What happens to the shared memory of a fleet."""

from __future__ import annotations

from typing import Literal

from fleettui.core.events.root import Event


class SharedMemoryMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """The shared memory can't be reached, or can again; a fleet begins with one that can."""

    to: Literal["ready", "unreachable"]
    why: str = ""


class ForgettingAsked(Event, frozen=True, tag=True, omit_defaults=True):
    """A person wants an entry of the shared memory gone."""

    key: str
    by: str


class EntryForgotten(Event, frozen=True, tag=True, omit_defaults=True):
    """What a person wanted forgotten is gone from the shared memory."""

    key: str
