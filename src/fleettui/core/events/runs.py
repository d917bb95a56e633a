"""What happens to a run."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import Given, Item, Payload, RunStatus


class RunStarted(Event, frozen=True, tag=True, omit_defaults=True):
    """The fleet got a task; `items` are its parts where it is a list, `request` why it did."""

    run: str
    task: Payload
    mode: str
    agents: tuple[str, ...]
    by: str
    base: str = ""
    record: str = ""
    replay: str = ""
    seed: str = ""
    items: tuple[Item, ...] = ()
    request: str = ""


class RunFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A run ended; its output is made of those of some of its parts, in this order."""

    run: str
    status: RunStatus
    reason: str = ""
    output: tuple[Given, ...] = ()


class RunHeld(Event, frozen=True, tag=True, omit_defaults=True):
    """No new part of a run begins until it is released; what goes on is finished."""

    run: str
    by: str


class RunReleased(Event, frozen=True, tag=True, omit_defaults=True):
    """A held run goes on."""

    run: str
    by: str


class RunResumed(Event, frozen=True, tag=True, omit_defaults=True):
    """A run that ended without success goes on; what failed in it waits again."""

    run: str
    by: str


class ReportWritten(Event, frozen=True, tag=True, omit_defaults=True):
    """The report of a run is in a file."""

    run: str
    path: str
    body: Payload
