"""What happens to a run."""

from __future__ import annotations

from fleettui.core.events.root import Event
from fleettui.core.model import Payload, RunStatus


class RunStarted(Event, frozen=True, tag=True, omit_defaults=True):
    """The fleet got a task."""

    run: str
    task: Payload
    mode: str
    agents: tuple[str, ...]
    by: str
    base: str = ""
    record: str = ""
    replay: str = ""


class RunFinished(Event, frozen=True, tag=True, omit_defaults=True):
    """A run ended."""

    run: str
    status: RunStatus
    reason: str = ""


class ReportWritten(Event, frozen=True, tag=True, omit_defaults=True):
    """The report of a run is in a file."""

    run: str
    path: str
    body: Payload
