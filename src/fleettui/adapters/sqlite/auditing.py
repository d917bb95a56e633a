"""AuditedStore: a store's file read as it stands at one moment, whoever writes it meanwhile."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from fleettui.adapters.sqlite.failure import failure
from fleettui.adapters.sqlite.opening import VERSION, check_header
from fleettui.adapters.sqlite.queries import load_queries
from fleettui.core.audit import End, Entry
from fleettui.core.chain import ORIGIN
from fleettui.core.errors import NotFound, StoreFailed
from fleettui.core.tenancy import sealed


class AuditedStore:
    """Satisfies cli.door.Audited; reads only, in one transaction."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path
        self._queries = load_queries("audit.sql")

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[AuditedStore]:
        """Open a store; raises NotFound where there is none, and StoreFailed and its kin."""
        if not path.exists():
            raise NotFound(
                f"there is no store in {path.parent}", "name its folder with --state DIR"
            )
        check_header(path)
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
                db.isolation_level = None
                db.executescript("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; BEGIN")
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version < VERSION:
                    raise StoreFailed(
                        f"{path} has schema {version}, and events are bound from schema 3 on",
                        "start fleettui once: it copies the store and brings it up to date",
                    )
                yield cls(db, path)
        except sqlite3.Error as error:
            raise failure(error, path) from error

    def tenants(self) -> tuple[str, ...]:
        """Name every tenant that has anything."""
        return tuple(sorted(name for (name,) in self._db.execute(self._queries["tenants"])))

    def end(self, tenant: str) -> End | None:
        """Give what is noted of a tenant's chain."""
        row = self._ask("end", tenant).fetchone()
        return row and End(*row)

    def entries(self, tenant: str, after: int = 0) -> Iterator[Entry]:
        """Give a tenant's events above a place, in the order of their places."""
        for place, stream, seq, at, actor, body, hashed in self._ask(
            "entries", tenant, after=after
        ):
            yield Entry(tenant, place, stream, seq, at, actor, body, hashed)

    def before(self, tenant: str, since: float) -> tuple[int, bytes]:
        """Give the place and hash before the first event that is not older than `since`."""
        row = self._ask("first_since", tenant, since=since).fetchone()
        return row or (0, ORIGIN)

    def texts(self, tenant: str) -> Mapping[str, bool]:
        """Say of each large text of a tenant whether it is what its digest says."""
        return {digest: _is_sound(digest, body) for digest, body in self._ask("texts", tenant)}

    def _ask(self, query: str, tenant: str, **values: Any) -> sqlite3.Cursor:
        return self._db.execute(self._queries[query], {"tenant": sealed(tenant), **values})


def _is_sound(digest: str, body: bytes) -> bool:
    try:
        return hashlib.sha256(zlib.decompress(body)).hexdigest() == digest
    except zlib.error:
        return False
