"""What happens to an agent: its lifecycle, its checkpoints."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.grounds import LeftOut, RollbackPart
from fleettui.core.model import AgentStatus


class AgentCreated(Event, frozen=True, tag=True, omit_defaults=True):
    """An instance of an agent entry of the file; `number` counts replicas from 1, 0 if single."""

    agent: str
    entry: str
    number: int = 0


class AgentMoved(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent's state changed."""

    agent: str
    to: AgentStatus
    why: str = ""


class AgentReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent had nothing to do for `after` seconds: its program ends, what it knows stays."""

    agent: str
    after: float


class AgentRemoved(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent left the fleet."""

    agent: str
    by: str = ""


class CheckpointMade(Event, frozen=True, tag=True, omit_defaults=True):
    """A point in an agent's history was marked; `commit` has its files, `note` says why not.

    `session` is where a runtime with a memory of its own stood.
    """

    agent: str
    checkpoint: str
    why: str
    commit: str = ""
    left_out: tuple[LeftOut, ...] = ()
    note: str = ""
    session: str = ""


class SessionKept(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent that keeps a session of its own works in this one from now on.

    `how` it came to it: new, loaded, resumed, forked, kept. What was marked with the same session
    before can't be gone back to by it any more.
    """

    agent: str
    session: str
    how: str = ""


class AgentRolledBack(Event, frozen=True, tag=True, omit_defaults=True):
    """An agent went back to a checkpoint; rolling back to `undo` takes it forward."""

    agent: str
    checkpoint: str
    undo: str
    by: str
    part: RollbackPart = "all"
