"""chain_found: binds the events of a store from before there were chains, as they are found."""

from __future__ import annotations

import sqlite3

from fleettui.adapters.sqlite.queries import load_queries
from fleettui.core.chain import ORIGIN, link
from fleettui.core.tenancy import DEFAULT


def chain_found(db: sqlite3.Connection) -> None:
    """Put hashes in where there are none; what was changed earlier can't be seen any more."""
    queries = load_queries("migrations.sql")
    tenant, last, length = DEFAULT, ORIGIN, 0
    for place, stream, seq, at, actor, body in db.execute(
        queries["found_events"], {"tenant": tenant}
    ):
        last, length = link(last, tenant, stream, seq, at, actor, body), place
        key = {"tenant": tenant, "stream": stream, "seq": seq}
        db.execute(queries["bind_event"], {**key, "hash": last})
    if length:
        end = {"tenant": tenant, "length": length, "hash": last}
        db.execute(queries["found_chain"], end)
