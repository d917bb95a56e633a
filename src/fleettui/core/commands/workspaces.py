"""Commands about agents' folders: those of people, and those that say what the world did."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.grounds import Ground, Kept, Merge


class ForkAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """Begin a new agent at a checkpoint of another. Answers its name."""

    agent: str
    checkpoint: str
    name: str = ""


class MergeAgent(Command, frozen=True, tag=True, omit_defaults=True):
    """Take an agent's work into the operator's branch. Answers the commit.

    `merge` is made by the session: faces leave it out.
    """

    agent: str
    merge: Merge | None = None


class RemoveWorkspace(Command, frozen=True, tag=True, omit_defaults=True):
    """Take away an agent's worktree that has no work of its own.

    `unmerged` is found out by the session: faces leave it out.
    """

    agent: str
    unmerged: bool = True


class NoteGround(Command, frozen=True, tag=True, omit_defaults=True):
    """Say what the fleet's folder is to git."""

    ground: Ground


class BeginWorkspace(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent's folder is going to be made, or filled anew."""

    agent: str
    ground: Ground
    fill: str = ""


class FinishWorkspace(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent's folder was made, or could not be: `why`."""

    agent: str
    why: str = ""


class DropWorkspace(Command, frozen=True, tag=True, omit_defaults=True):
    """A worktree was taken away."""

    agent: str


class BeginCheckpoint(Command, frozen=True, tag=True, omit_defaults=True):
    """Mark where an agent stands before an action that a person approved."""

    agent: str
    action: str
    why: str


class FinishCheckpoint(Command, frozen=True, tag=True, omit_defaults=True):
    """The files of a checkpoint were kept, or not: `note` says why."""

    agent: str
    checkpoint: str
    kept: Kept | None = None
    note: str = ""


class NoteFiles(Command, frozen=True, tag=True, omit_defaults=True):
    """Say what an action did to the files of a shared folder."""

    agent: str
    action: str
    before: str
    after: str
    path: str = ""


class FinishRollBack(Command, frozen=True, tag=True, omit_defaults=True):
    """An agent's files went back, or could not: `why`."""

    agent: str
    why: str = ""


class FinishMerge(Command, frozen=True, tag=True, omit_defaults=True):
    """A merge is in the operator's branch, or could not get there: `why`."""

    agent: str
    why: str = ""
