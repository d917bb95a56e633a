"""What happens to agents' folders: made, kept, taken back, merged, taken away."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.grounds import Ground, Merge, RollbackPart


class GroundFound(Event, frozen=True, tag=True, omit_defaults=True):
    """What the fleet's folder is to git; its note says why nothing is kept there."""

    ground: Ground


class WorkspaceBegun(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's folder is about to be made, or brought to the files of the commit `fill`."""

    agent: str
    ground: Ground
    fill: str = ""


class WorkspaceMade(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's folder is there, with the files it was to have."""

    agent: str
    ground: Ground


class WorkspaceFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's folder could not be made: it can't work until it is."""

    agent: str
    why: str


class WorkspaceDoomed(Event, frozen=True, tag=True, omit_defaults=True):
    """A worktree without work of its own is about to be taken away."""

    agent: str
    by: str


class WorkspaceGone(Event, frozen=True, tag=True, omit_defaults=True):
    """A worktree was taken away."""

    agent: str


class CheckpointBegun(Event, frozen=True, tag=True, omit_defaults=True):
    """A point in an agent's history was marked; its files are about to be kept.

    `action` is the one that waits for it.
    """

    agent: str
    checkpoint: str
    why: str
    action: str = ""


class FilesSeen(Event, frozen=True, tag=True, omit_defaults=True):
    """What an action did to the files of a shared folder: commits before it and after it.

    `path` is the only file it can have changed, where that is known.
    """

    agent: str
    action: str
    before: str
    after: str
    path: str = ""


class RollbackBegun(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's files are about to go back; until they have, it does nothing."""

    agent: str
    checkpoint: str
    undo: str
    by: str
    part: RollbackPart = "all"


class RollbackFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's files could not go back; nothing of it went back."""

    agent: str
    why: str


class AgentForked(Event, frozen=True, tag=True, omit_defaults=True):
    """A new agent began at a checkpoint of another."""

    agent: str
    entry: str
    source: str
    checkpoint: str
    by: str


class MergeBegun(Event, frozen=True, tag=True, omit_defaults=True):
    """A clean merge of an agent's work is about to go to the operator's branch."""

    agent: str
    merge: Merge
    by: str


class AgentMerged(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's work is in the operator's branch."""

    agent: str


class MergeFailed(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's work did not get into the operator's branch."""

    agent: str
    why: str
