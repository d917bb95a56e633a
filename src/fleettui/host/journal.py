"""The host's log: lines of ours in a file of bounded size, kept three times over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from logging.handlers import RotatingFileHandler

from fleettui.core.safe import sanitize
from fleettui.host.paths import log_path

_MOST_BYTES = 1 << 20
_KEPT = 3


_clean: list[Callable[[str], str]] = []


class _Plain(logging.Formatter):
    """Lines without control characters and secrets: a log is read in a terminal, and sent on."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        for clean in _clean:
            text = clean(text)
        return sanitize(text)


def redact_journal(clean: Callable[[str], str]) -> None:
    """Take out of every line from here on what `clean` takes out."""
    _clean[:] = [clean]


def open_journal(state: str) -> None:
    """Log to the state folder from here on, warnings included."""
    path = log_path(state)
    handler = RotatingFileHandler(path, maxBytes=_MOST_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    # It tells of each change in a folder, whether it matters or not.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
