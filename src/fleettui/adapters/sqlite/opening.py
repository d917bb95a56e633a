"""Opening a store's file: whether it is ours and of which version, made or brought up to date."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from fleettui.adapters.sqlite.chaining import chain_found
from fleettui.adapters.sqlite.failure import failure
from fleettui.adapters.sqlite.queries import load_queries, schema
from fleettui.core.errors import StoreFailed, StoreForeign, StoreNewer, StoreReadOnly

APPLICATION_ID: Final = 0x666C7475  # "fltu"
VERSION: Final = 3

# https://sqlite.org/fileformat.html#the_database_header
_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
# Four times SQLite's: a fifth less work for a commit of many events, and none more for one.
_PAGE: Final = 16384
# Older ones can damage a database in WAL mode under rare conditions; https://sqlite.org/wal.html
_SOUND: Final = (3, 51, 3)
_ELSEWHERE: Final = "move it away, or use another folder with --state DIR"

_log = logging.getLogger(__name__)


def prepare(path: Path) -> None:
    """Make the file, or check that it is ours and bring it up to date.

    What is not ours is not touched. Raises StoreForeign, StoreNewer, StoreReadOnly, StoreFull,
    StoreLocked or StoreFailed.
    """
    if sqlite3.sqlite_version_info < _SOUND:
        sound = ".".join(map(str, _SOUND))
        _log.warning("SQLite %s is older than %s", sqlite3.sqlite_version, sound)
    try:
        fresh = _look(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        path.chmod(0o600)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as db:
            _make(db) if fresh else _bring_up_to_date(db, path)
            _begin_log(db, path)
    except OSError as error:
        raise StoreReadOnly(
            f"{path} can't be opened: {error.strerror}", "mend that, or use --state DIR"
        ) from error
    except sqlite3.Error as error:
        raise failure(error, path) from error


def _look(path: Path) -> bool:
    """Say whether the store must be made; raises before anything is changed if it can't be ours."""
    try:
        what = path.lstat()
    except FileNotFoundError:
        what = None
    if what is not None and not stat.S_ISREG(what.st_mode):
        raise StoreForeign(f"{path} is not a regular file", _ELSEWHERE)
    if what is None or not what.st_size:
        _refuse_lone_log(path)
        return True
    check_header(path)
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreReadOnly(f"{path} can't be written", "make it writable, or use --state DIR")
    return False


def _refuse_lone_log(path: Path) -> None:
    """Keep a write-ahead log whose file is gone: SQLite would delete it with all it holds."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreForeign(
            f"{path} is gone or empty, but its log {log.name} is there",
            f"restore the file from a copy, or move {log} away to begin anew",
        )


def check_header(path: Path) -> None:
    """Raise StoreForeign or StoreNewer for a file that can't be a store we know."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise StoreForeign(f"{path} is no fleettui store", _ELSEWHERE)
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreForeign(f"{path} is a database of another program", _ELSEWHERE)
    _refuse_newer(path, int.from_bytes(header[60:64], "big"))


def _refuse_newer(path: Path, version: int) -> None:
    if version > VERSION:
        raise StoreNewer(
            f"{path} was written by a newer fleettui (schema {version}, this one knows {VERSION})",
            "update fleettui, or use another folder with --state DIR",
        )


def _make(db: sqlite3.Connection) -> None:
    """Make the tables before WAL begins, so that the mark of a store is in the file at once."""
    db.execute(f"PRAGMA page_size = {_PAGE}")
    _in_one_go(
        db,
        f"{schema()} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};",
    )


def _begin_log(db: sqlite3.Connection, path: Path) -> None:
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreFailed(
            f"{path} lies where a write-ahead log can't be kept",
            "use a local disk with --state DIR",
        )


def _bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    _refuse_newer(path, version)
    if version == VERSION:
        return
    steps = load_queries("migrations.sql")
    missing = [number for number in range(version, VERSION) if f"from_{number}" not in steps]
    if missing:
        raise StoreForeign(f"{path} has schema {version}, which never was", _ELSEWHERE)
    copy = _back_up(db, path, version)
    script = " ".join(f"{steps[f'from_{number}']};" for number in range(version, VERSION))
    try:
        _in_one_go(db, f"{script} PRAGMA user_version = {VERSION};", chain_found)
    except sqlite3.Error as error:
        kept = f"nothing was changed, and {copy} is a copy"
        raise StoreFailed(f"{path} could not be brought to schema {VERSION}: {error}", kept) from (
            error
        )
    _log.warning("%s: schema %d became %d, %s is the copy before", path, version, VERSION, copy)


def _back_up(db: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the whole store beside it, durably, before its schema changes."""
    copy = path.with_name(f"{path.name}.schema{version}")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db.execute("VACUUM INTO ?", (str(copy),))
    for synced in (copy, copy.parent):
        file = os.open(synced, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    return copy


def _in_one_go(
    db: sqlite3.Connection, script: str, last: Callable[[sqlite3.Connection], None] | None = None
) -> None:
    """Do a script, and what comes last, in one transaction."""
    try:
        db.executescript(f"BEGIN IMMEDIATE; {script}")
        if last is not None:
            last(db)
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
