"""`audit verify` and `audit export` on real stores: what was done to a record is found."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.cli.root import cli
from fleettui.core.events import FleetOpened, MessageQueued
from fleettui.core.model import Payload
from fleettui.doors import SocketDoors
from fleettui.engine.stream import ENCODER
from fleettui.ports import Row

BIG = b"a large text " * 1000
DIGEST = hashlib.sha256(BIG).hexdigest()


def rows(tenant: str, stream: str, first: int, last: int) -> list[Row]:
    return [
        Row(tenant, stream, seq, 1000.0 + seq, "ada", b'{"n":1}') for seq in range(first, last + 1)
    ]


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """Make a store: acme has a (1-3, 4) and b (1-2) in turns, bolt has a (1-2)."""
    path = tmp_path / "state" / "fleettui.db"
    event = MessageQueued("m", "ada", "a", "normal", Payload("a large", len(BIG), DIGEST))
    async with SqliteStore.open(path) as store:
        await store.put_blob("acme", BIG)
        await store.append([*rows("acme", "a", 1, 3), *rows("bolt", "a", 1, 2)])
        await store.append(rows("acme", "b", 1, 2))
        await store.append([Row("acme", "a", 4, 2000.0, "ada", ENCODER.encode(event))])
    return path.parent


def fleettui(*words: str | Path) -> Result:
    doors = SocketDoors(lambda *_: 0, lambda *_: "")
    return CliRunner().invoke(cli, list(map(str, words)), obj=doors, standalone_mode=True)


def audited(state: Path, *words: str) -> dict[str, dict[str, Any]]:
    """Verify a store, and give what was found by tenant; the exit code says the same."""
    done = fleettui("audit", "verify", "--json", "--state", state, *words)
    found = {row["tenant"]: row for row in json.loads(done.stdout)}
    assert done.exit_code == (0 if all(row["ok"] for row in found.values()) else 1)
    return found


def tampered(state: Path, script: str) -> None:
    with closing(sqlite3.connect(state / "fleettui.db")) as db:
        db.executescript(script)


async def test_an_untouched_record_is_sound_with_a_host_and_without(state: Path) -> None:
    found = audited(state)
    assert {name: (row["ok"], row["events"]) for name, row in found.items()} == {
        "acme": (True, 6),
        "bolt": (True, 2),
    }
    async with SqliteStore.open(state / "fleettui.db") as store:
        assert audited(state) == found
        await store.append(rows("bolt", "a", 3, 3))
        assert audited(state)["bolt"]["events"] == 3
    assert audited(state, "--tenant", "acme") == {"acme": found["acme"]}


ACME_A = (
    "tenant = 'acme' AND stream = (SELECT id FROM streams WHERE tenant = 'acme' AND name = 'a')"
)
TAMPERINGS = [
    ("changed", "a", 2, f"UPDATE events SET body = x'7b7d' WHERE {ACME_A} AND seq = 2"),
    ("changed", "a", 2, f"UPDATE events SET actor = 'eve' WHERE {ACME_A} AND seq = 2"),
    ("changed", "a", 2, f"UPDATE events SET at = at + 1e-3 WHERE {ACME_A} AND seq = 2"),
    ("changed", "a", 2, f"UPDATE events SET hash = zeroblob(32) WHERE {ACME_A} AND seq = 2"),
    ("changed", "c", 1, "UPDATE streams SET name = 'c' WHERE tenant = 'acme' AND name = 'a'"),
    ("changed", "", 1, "DELETE FROM streams WHERE tenant = 'acme' AND name = 'a'"),
    ("missing", "a", 1, f"DELETE FROM events WHERE {ACME_A} AND seq = 1"),
    ("missing", "a", 2, f"DELETE FROM events WHERE {ACME_A} AND seq = 2"),
    ("missing", "b", 1, "DELETE FROM events WHERE tenant = 'acme' AND place = 4"),
    ("truncated", "", 0, "DELETE FROM events WHERE tenant = 'acme' AND place > 4"),
    ("truncated", "", 0, "DELETE FROM events WHERE tenant = 'acme'"),
    ("truncated", "", 0, "DELETE FROM chains WHERE tenant = 'acme'"),
    ("changed", "", 0, "UPDATE chains SET hash = zeroblob(32) WHERE tenant = 'acme'"),
    ("changed", "", 0, "UPDATE chains SET length = 5 WHERE tenant = 'acme'"),
    (
        "reordered", "b", 1,
        "UPDATE events SET place = 7 - place WHERE tenant = 'acme' AND place IN (3, 4)",
    ),
    (
        "reordered", "a", 3,
        "UPDATE events SET place = 4 - place WHERE tenant = 'acme' AND place IN (1, 3)",
    ),
    (
        "reordered", "a", 4,
        "UPDATE events SET place = 11 - place WHERE tenant = 'acme' AND place IN (5, 6)",
    ),
    ("reordered", "a", 3, f"UPDATE events SET place = 2 WHERE {ACME_A} AND seq = 3"),
    ("missing", "a", 4, "DELETE FROM blobs WHERE tenant = 'acme'"),
    (
        "changed", "a", 4,
        f"UPDATE blobs SET body = x'{zlib.compress(b'another').hex()}' WHERE tenant = 'acme'",
    ),
    ("changed", "a", 4, "UPDATE blobs SET body = x'00' WHERE tenant = 'acme'"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "stream", "seq", "script"), TAMPERINGS)
async def test_what_was_done_to_a_record_is_named_and_no_other_tenant_blamed(
    state: Path, wrong: str, stream: str, seq: int, script: str
) -> None:
    tampered(state, script)
    found = audited(state)
    assert found["bolt"]["ok"]
    row = found["acme"]
    assert (row["wrong"], row["stream"], row["seq"]) == (wrong, stream, seq), row["why"]
    told = fleettui("audit", "verify", "--state", state)
    assert told.exit_code == 1
    assert f"acme: {wrong.upper()}: " in told.stdout


async def test_events_moved_to_another_tenant_are_found_at_both(state: Path) -> None:
    tampered(
        state,
        "UPDATE events SET tenant = 'acme', stream = 99 WHERE tenant = 'bolt' AND place = 2",
    )
    found = audited(state)
    assert (found["bolt"]["wrong"], found["acme"]["ok"]) == ("truncated", False)


async def test_what_only_looks_like_a_text_is_not_missed(state: Path) -> None:
    said = Payload(f'"blob":"{"0" * 64}"')
    event = MessageQueued("m", "ada", "a", "normal", said)
    async with SqliteStore.open(state / "fleettui.db") as store:
        await store.append([Row("bolt", "a", 3, 1.0, "ada", ENCODER.encode(event))])
        opened = FleetOpened("f", "bolt", "f", "", "", {"blob": "0" * 64}, "", ())
        await store.append([Row("bolt", "a", 4, 1.0, "ada", ENCODER.encode(opened))])
    assert audited(state)["bolt"]["ok"]


# --- exports -----------------------------------------------------------------------------------


def export(state: Path, file: Path, *words: str) -> Path:
    done = fleettui(
        "audit", "export", "--tenant", "acme", "--state", state, "--output", file, *words
    )
    assert (done.exit_code, done.stdout) == (0, "")
    return file


async def test_an_export_is_private_and_proves_itself(state: Path, tmp_path: Path) -> None:
    file = export(state, tmp_path / "acme.jsonl")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "bolt" not in file.read_text()
    assert audited(state, "--file", str(file))["acme"]["events"] == 6
    again = fleettui("audit", "export", "--tenant", "acme", "--state", state, "--output", file)
    assert again.exit_code == 1
    assert "name a new file" in again.stderr


@pytest.mark.parametrize(
    ("since", "events"),
    [("1970-01-01T00:00:00+00:00", 6), ("1970-01-01T00:30:00+00:00", 1), ("1h", 0)],
)
async def test_an_export_from_a_time_on_goes_on_from_the_event_before(
    state: Path, tmp_path: Path, since: str, events: int
) -> None:
    file = export(state, tmp_path / "acme.jsonl", "--since", since)
    found = audited(state, "--file", str(file))["acme"]
    assert (found["ok"], found["events"]) == (True, events)


@pytest.mark.parametrize("line", range(7))
async def test_a_line_taken_out_of_an_export_is_missed(
    state: Path, tmp_path: Path, line: int
) -> None:
    file = export(state, tmp_path / "acme.jsonl")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:line] + lines[line + 1 :]))
    assert not audited(state, "--file", str(file))["acme"]["ok"]


@pytest.mark.parametrize("change", [("ada", "eve"), ('"seq":2', '"seq":3'), ("1002.0", "1002.5")])
async def test_a_line_changed_in_an_export_is_found(
    state: Path, tmp_path: Path, change: tuple[str, str]
) -> None:
    file = export(state, tmp_path / "acme.jsonl")
    file.write_text(file.read_text().replace(*change, 1))
    assert not audited(state, "--file", str(file))["acme"]["ok"]


async def test_an_export_on_a_terminal_has_nothing_to_stumble_over(tmp_path: Path) -> None:
    odd = "\x1b]0;x\x07\x7f\u202e\x9b"
    async with SqliteStore.open(tmp_path / "state" / "fleettui.db") as store:
        await store.append([Row("acme", odd, 1, 1.0, odd, odd.encode() + b"\xff\x00")])
    state = tmp_path / "state"
    done = fleettui("audit", "export", "--tenant", "acme", "--state", state)
    assert all(" " <= char <= "~" or char == "\n" for char in done.stdout)
    file = tmp_path / "acme.jsonl"
    file.write_text(done.stdout)
    assert audited(state, "--file", str(file))["acme"]["ok"]


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"place": 1}\n', "{}\n", '{"end": 1}\n'])
def test_what_is_no_export_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    done = fleettui("audit", "verify", "--file", file)
    assert done.exit_code == 1
    assert f"{file}:1: this is no line of an export" in done.stderr


def test_where_there_is_no_store_it_is_said(tmp_path: Path) -> None:
    done = fleettui("audit", "verify", "--state", tmp_path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "there is no store in" in done.stderr


async def test_a_tenant_without_events_is_not_there(state: Path) -> None:
    for words in (["verify"], ["export"]):
        done = fleettui("audit", *words, "--tenant", "coral", "--state", state)
        assert done.exit_code == 1
        assert "no events of a tenant 'coral'" in done.stderr


async def test_the_eyes_of_a_tenant_see_its_own_record_and_those_of_a_member_none(
    state: Path,
) -> None:
    done = fleettui("--tenant", "acme", "audit", "verify", "--state", state)
    assert (done.exit_code, "bolt" in done.stdout) == (0, False)
    done = fleettui("--tenant", "acme", "audit", "export", "--tenant", "bolt", "--state", state)
    assert (done.exit_code, done.stdout) == (1, "")
    done = fleettui("--as", "bob", "audit", "verify", "--state", state)
    assert done.exit_code == 1
    assert "bob may not read the record itself" in done.stderr


def test_an_export_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    shown = fleettui("audit", "verify", "--file", tmp_path / "none.jsonl")
    assert shown.exit_code == 1
    assert "none.jsonl can't be read: No such file or directory" in shown.stderr
