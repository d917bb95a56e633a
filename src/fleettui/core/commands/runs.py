"""Commands about a run."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.model import Payload


class StartRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Give the fleet a task. Answers the id of the run.

    `base` is a git revision the tools compare with; `record` and `replay` name files of model
    exchanges.
    """

    task: Payload
    base: str = ""
    record: str = ""
    replay: str = ""


class CancelRun(Command, frozen=True, tag=True, omit_defaults=True):
    """End a run without a verdict; what was done is kept."""

    run: str
    why: str = ""


class RecordReport(Command, frozen=True, tag=True, omit_defaults=True):
    """The report of a run was written to `path`."""

    run: str
    path: str
    body: Payload
