"""Opening a store's file: who may, whether it is ours, and of which version."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fleettui.adapters.sqlite.queries import schema
from fleettui.core.errors import (
    StoreFailed,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
)

APPLICATION_ID = 0x666C7475  # "fltu"
VERSION = 1

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 5000;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA mmap_size = 0;
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Own the store at `path` while the context is open; raises StoreLocked or StoreReadOnly."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreReadOnly(
            f"{path.parent} can't be written: {error.strerror}", "choose another with --state DIR"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreLocked(
                f"another process owns {path}", "join it, or stop it with: fleettui stop"
            ) from error
        yield
    finally:
        os.close(lock)


def prepare(path: Path) -> None:
    """Make the file, or check that it is ours and not newer; raises StoreFailed's kinds."""
    fresh = not path.exists() or path.stat().st_size == 0
    if path.exists() and not path.is_file():
        raise StoreForeign(f"{path} is not a regular file", "move it away")
    if not fresh and not os.access(path, os.W_OK):
        raise StoreReadOnly(f"{path} can't be written", "make it writable, or use --state DIR")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            _check(db, path, fresh=fresh)
    except OSError as error:
        raise StoreReadOnly(f"{path} can't be made: {error.strerror}", "use --state DIR") from error
    except sqlite3.Error as error:
        raise failure(error, path) from error


def _check(db: sqlite3.Connection, path: Path, *, fresh: bool) -> None:
    if fresh:
        db.executescript(_PRAGMAS)
        db.executescript(
            f"BEGIN IMMEDIATE; {schema()} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {VERSION}; COMMIT;"
        )
        return
    (ours,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if ours != APPLICATION_ID:
        raise StoreForeign(
            f"{path} is a database of another program", "move it away, or use --state DIR"
        )
    if version > VERSION:
        raise StoreNewer(
            f"{path} was written by a newer fleettui (schema {version}, this one knows {VERSION})",
            "update fleettui, or use --state DIR",
        )
    db.executescript(_PRAGMAS)


def failure(error: Exception, path: Path) -> StoreFailed:
    """Say what an error of SQLite means and how to mend it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return StoreFull(f"the disk of {path} is full", "make room; nothing stored is lost")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return StoreReadOnly(f"{path} can't be written: {error}", "mend its permissions")
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StoreForeign(
                f"{path} is no database, or it is damaged", "move it away, or restore a copy"
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreFailed(f"{path} is locked by another program", "end that program")
        case _:
            return StoreFailed(f"{path}: {error}", "look at the disk")
