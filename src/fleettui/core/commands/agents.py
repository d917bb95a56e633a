"""Commands about an agent."""

from __future__ import annotations

from typing import Literal

from fleettui.core.commands.root import Command
from fleettui.core.grounds import RollbackPart


class MoveAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """Start, pause, resume, stop, restart or remove an agent."""

    agent: str
    verb: Literal["start", "pause", "resume", "stop", "restart", "remove"]


class ReleaseAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent had nothing to do for as long as its file says."""

    agent: str


class RemoveReplica(Command, frozen=True, tag=True, omit_defaults=True):
    """A released replica may be one too many; `unmerged` says whether it has work of its own."""

    agent: str
    unmerged: bool = False


class MakeCheckpoint(Command, frozen=True, tag=True, omit_defaults=True):
    """Mark this point of an agent's history. Answers the id of the checkpoint."""

    agent: str
    why: str = "by hand"


class KeepSession(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent that keeps a session of its own works in this one from now on."""

    agent: str
    session: str
    how: str = ""


class RollBack(Command, frozen=True, tag=True, omit_defaults=True):
    """Take an agent back to a checkpoint. Answers the checkpoint that undoes it.

    `force` goes over what others changed in a shared folder.
    """

    agent: str
    checkpoint: str
    part: RollbackPart = "all"
    force: bool = False
