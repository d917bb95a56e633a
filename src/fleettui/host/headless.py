"""A host without a screen, in the foreground: what it does is told line by line."""

from __future__ import annotations

import logging
import sys

from fleettui.core.errors import Refused
from fleettui.core.safe import one_line
from fleettui.host.house import Build
from fleettui.host.journal import open_journal
from fleettui.host.lock import claim, owner
from fleettui.host.reception import Reception
from fleettui.host.serve import run_host


class _Line(logging.Formatter):
    """One line a record, whatever is in it; what is behind an error stands in the log."""

    def format(self, record: logging.LogRecord) -> str:
        when = self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        return f"{when} {record.levelname.lower()}: {one_line(record.getMessage())}"


def serve_headless(state: str, build: Build, reception: Reception) -> str:
    """Serve a state folder until a signal ends it; gives why it could not, empty for a good end.

    Raises Refused when another host has the folder.
    """
    claimed = claim(state)
    if claimed is None:
        raise Refused(
            f"process {owner(state)} is the host of {state} already",
            "stop it, or choose another folder with --state DIR",
        )
    open_journal(state)
    told = logging.StreamHandler(sys.stderr)
    told.setFormatter(_Line())
    logging.getLogger().addHandler(told)
    return run_host(claimed, float("inf"), build, reception, patience=0.0)
