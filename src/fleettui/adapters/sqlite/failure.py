"""failure: what an error of SQLite means to whoever uses the store, and how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from fleettui.core.errors import (
    SequenceConflict,
    StoreFailed,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
)

# Less than this many free bytes is a full disk, whatever the error was called.
_NOTHING_LEFT = 64 * 1024


def failure(error: Exception, path: Path) -> StoreFailed:
    """Make the store's error of an error of SQLite or of its thread."""
    # The low byte is the kind, the rest its detail: https://sqlite.org/rescode.html
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _disk_is_full(path)):
        return StoreFull(
            f"the disk of {path} is full", "make room, then it goes on; nothing stored is lost"
        )
    match code:
        case sqlite3.SQLITE_CONSTRAINT:
            return SequenceConflict(
                f"{path} has such a row already: {error}", "end the other program that writes it"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return StoreReadOnly(
                f"{path} can't be written: {error}", "mend its permissions, or use --state DIR"
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StoreForeign(
                f"{path} is no database, or it is damaged", "restore a copy, or use --state DIR"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StoreLocked(
                f"another program holds {path} locked", "end that program, then it goes on"
            )
        case _:
            return StoreFailed(f"{path}: {error}", "look at the disk and the system's log")


def _disk_is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NOTHING_LEFT
    except OSError:
        return False
