"""LogConnection: SQLite's connection with the promises of the event log."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from fleettui.adapters.sqlite.failure import failure
from fleettui.core.errors import StoreFailed

_PRAGMAS: Final = """
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 5000;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA mmap_size = 0;
PRAGMA journal_size_limit = 67108864;
PRAGMA wal_autocheckpoint = 250;
"""


class LogConnection(sqlite3.Connection):
    """A connection on which `executemany` is one whole, durable transaction.

    So a commit takes one hop to aiosqlite's thread through its public interface, and nothing that
    happens to the waiting task (a cancellation) can leave a transaction open. Each commit makes
    sure that the files are still where they were opened: rows in a deleted file are lost.
    """

    files: tuple[tuple[str, tuple[int, int]], ...] = ()

    def executemany(self, begin: str, steps: Iterable[Any], /) -> sqlite3.Cursor:
        """Begin, do each step (a statement and its rows) and commit, or change nothing."""
        cursor = self.execute(begin)
        try:
            for sql, rows in steps:
                cursor = super().executemany(sql, rows)
            self._check_files()
            self.execute("COMMIT")
        except BaseException:
            if self.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self.execute("ROLLBACK")
            raise
        return cursor

    def remember_files(self, path: Path) -> None:
        """Note which files this connection has opened."""
        paths = (str(path), f"{path}-wal")
        self.files = tuple((name, _identity(name)) for name in paths)

    def _check_files(self) -> None:
        for name, opened in self.files:
            try:
                same = _identity(name) == opened
            except OSError:
                same = False
            if not same:
                raise StoreFailed(
                    f"{name} was deleted or replaced while it was in use",
                    "put it back from a copy and start fleettui again; until then nothing is kept",
                )


def _identity(name: str) -> tuple[int, int]:
    found = os.stat(name)  # noqa: PTH116 on the way of every commit
    return found.st_dev, found.st_ino


def connect(path: Path) -> LogConnection:
    """Open a store's file that opening.prepare has seen to; raises StoreFailed's kinds.

    Runs on the thread that will use the connection.
    """
    try:
        db = sqlite3.connect(path, isolation_level=None, factory=LogConnection, timeout=5.0)
    except sqlite3.Error as error:
        raise failure(error, path) from error
    try:
        db.executescript(_PRAGMAS)
        db.execute("SELECT count(*) FROM streams").fetchone()
        db.remember_files(path)
    except (sqlite3.Error, OSError) as error:
        db.close()
        raise failure(error, path) from error
    return db
