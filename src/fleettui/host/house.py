"""What a host serves: an engine behind its door."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fleettui.client import Client


class Visitor(Client, Protocol):
    """The door of one operator, which can count that operator as being at a face."""

    def present(self) -> AbstractAsyncContextManager[None]:
        """Count this operator as being at a face while the context is open."""


class House(Protocol):
    """A running engine."""

    def session(self, operator: str, tenant: str = "", rights_of: str = "") -> Visitor:
        """Make the door of one operator, whoever the host recognised.

        `tenant` narrows it to one tenant, `rights_of` to what a member may see and do.
        """

    def is_busy(self) -> bool:
        """Say whether a fleet is open that must go on without anybody looking."""


Build = Callable[[], AbstractAsyncContextManager[House]]
