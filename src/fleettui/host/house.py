"""What a host is given: an engine to serve, an app to show, and what its end is called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from fleettui.client import Client


class House(Protocol):
    """What a host serves: the engine behind its door."""

    def client(self, operator: str) -> Client:
        """Give the door, bound to one operator."""

    def is_busy(self) -> bool:
        """Say whether a fleet is open that must go on without anybody looking."""


class HostSettings(NamedTuple):
    """What a host is told.

    `idle` is how long it stays with nothing to do, in seconds; `faces` counts the terminals it
    shows right now.
    """

    state: str
    idle: float
    faces: Callable[[], int]


Build = Callable[[HostSettings], AbstractAsyncContextManager[House]]
