"""Every statement of the store names its tenant, and every key begins with it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from fleettui.adapters.sqlite.queries import load_queries, schema

# Whoever opens a store or audits it asks which tenants there are; all else is asked for one.
OF_ALL_TENANTS = {"chains", "tenants"}
QUERIES = {**load_queries(), **load_queries("audit.sql")}


def flaw(sql: str) -> str:
    """Say what lets a statement reach beyond one tenant; empty for a good one."""
    sql = " ".join(re.sub(r"--[^\n]*", "", sql).split())
    if re.search(r"\bOR\b", sql, re.IGNORECASE):
        return "an OR may go round the tenant"
    found = re.match(r"INSERT INTO (\w+) \((\w+)", sql)
    if found and found[2] != "tenant":
        return f"{found[1]} is written without a tenant"
    values = re.search(r"\) VALUES \((\?|:tenant)", sql)
    if found and values:
        return ""
    # A SELECT reads as many tables as it has FROMs; each is held to the tenant.
    scans = len(re.findall(r"\b(?:FROM|UPDATE|JOIN)\b(?! SET)", sql))
    held = len(re.findall(r"\b(?:\w+\.)?tenant = :tenant\b", sql))
    return "" if held >= scans > 0 else f"{scans} tables are read, {held} held to the tenant"


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_bound_to_a_tenant(name: str) -> None:
    assert bool(flaw(QUERIES[name])) == (name in OF_ALL_TENANTS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT body FROM blobs WHERE digest = :digest",
        "SELECT body FROM blobs WHERE tenant = :tenant OR digest = :digest",
        "INSERT INTO blobs (digest, tenant) VALUES (?, ?)",
        "SELECT seq FROM events WHERE stream = (SELECT id FROM streams WHERE tenant = :tenant)",
        "DELETE FROM events",
        "UPDATE events SET body = :body WHERE seq = :seq",
        "INSERT INTO snapshots (tenant, stream) SELECT tenant, id FROM streams",
        "SELECT body FROM blobs WHERE tenant = tenant",
    ],
)
def test_the_rule_finds_what_it_is_for(sql: str) -> None:
    assert flaw(sql)


def test_every_key_begins_with_the_tenant() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(schema())
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE sql <> ''")]
        keys = [
            db.execute("SELECT name FROM pragma_table_info(?) WHERE pk = 1", (table,)).fetchone()
            for table in tables
        ]
        uniques = [
            db.execute("SELECT name FROM pragma_index_info(?) WHERE seqno = 0", (index,)).fetchone()
            for table in tables
            for (index,) in db.execute("SELECT name FROM pragma_index_list(?)", (table,))
        ]
    assert len(tables) == 5
    assert {key for (key,) in [*keys, *uniques]} == {"tenant"}
