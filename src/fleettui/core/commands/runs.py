"""Commands about a run."""

from __future__ import annotations

from fleettui.core.commands.root import Command
from fleettui.core.model import Item, Payload


class StartRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Give the fleet a task. Answers the id of the run.

    `base` is a git revision the tools compare with; `record` and `replay` name files of model
    exchanges. `items` are the parts of a task that is a list (the Session finds them), `seed` is
    what chance is drawn from, the run's id where it is empty. `request` names one try of a
    request: the run that was started for it is answered, and no second one begins.
    """

    task: Payload
    base: str = ""
    record: str = ""
    replay: str = ""
    seed: str = ""
    items: tuple[Item, ...] = ()
    request: str = ""


class CancelRun(Command, frozen=True, tag=True, omit_defaults=True):
    """End a run without a verdict; what was done is kept."""

    run: str
    why: str = ""


class HoldRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Let no new part of a run begin; what goes on is finished."""

    run: str


class ReleaseRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Let a held run go on."""

    run: str


class ResumeRun(Command, frozen=True, tag=True, omit_defaults=True):
    """Go on with a run that failed, was cancelled or reached no verdict, from what failed."""

    run: str


class RecordReport(Command, frozen=True, tag=True, omit_defaults=True):
    """The report of a run was written to `path`."""

    run: str
    path: str
    body: Payload
