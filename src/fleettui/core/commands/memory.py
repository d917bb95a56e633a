"""Commands about the shared memory of a fleet."""

from __future__ import annotations

from typing import Literal

from fleettui.core.commands.root import Command


class ForgetEntry(Command, frozen=True, tag=True, omit_defaults=True):
    """Take an entry out of the shared memory; answered once it is gone."""

    key: str


class NoteForgotten(Command, frozen=True, tag=True, omit_defaults=True):
    """What a person wanted forgotten is gone."""

    key: str


class MoveSharedMemory(Command, frozen=True, tag=True, omit_defaults=True):
    """The shared memory can't be reached (and why), or can again."""

    to: Literal["ready", "unreachable"]
    why: str = ""
