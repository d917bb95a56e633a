"""What only a store on a disk can meet: kills, full disks, other processes, strange files."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fleettui.adapters.sqlite.opening import APPLICATION_ID, VERSION
from fleettui.adapters.sqlite.place import file_system
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.chain import ORIGIN, link
from fleettui.core.errors import (
    FleettuiError,
    StoreFailed,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreNewer,
    StoreReadOnly,
)
from fleettui.ports import Row

WRITER = Path(__file__).with_name("writer.py")


def rows(stream: str, first: int, last: int, size: int = 10) -> list[Row]:
    return [Row("default", stream, seq, 1.0, "ada", b"x" * size) for seq in range(first, last + 1)]


async def lasts(path: Path) -> dict[str, int]:
    """Open a store, read all of it, and give each stream's last number."""
    async with SqliteStore.open(path) as store:
        return {
            name: [row.seq async for row in store.read(tenant, name)][-1]
            for tenant, name in await store.streams()
        }


@contextmanager
def writing(path: Path, job: str) -> Iterator[subprocess.Popen[str]]:
    """Run writer.py, and kill it in the end."""
    command = [sys.executable, str(WRITER), str(path), job]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "HOME": str(path.parent)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """Mount something small at `folder`, or skip the test where that is not allowed."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    command = [mount or "", *options, str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "fleettui.db"


async def made(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 3))


# --- the file ----------------------------------------------------------------------------------


async def test_the_file_and_its_folder_are_private(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 1))
        modes = {kept.name: stat.S_IMODE(kept.stat().st_mode) for kept in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_what_was_stored_is_there_after_closing(path: Path) -> None:
    await made(path)
    assert await lasts(path) == {"a": 3}


async def test_the_file_is_marked_and_sound(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_every_commit_is_synchronous_and_the_schema_is_not_trusted(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        pragmas = ("synchronous", "foreign_keys", "trusted_schema", "busy_timeout", "mmap_size")
        found = [await store._db.execute_fetchall(f"PRAGMA {name}") for name in pragmas]
    assert [next(iter(one))[0] for one in found] == [2, 1, 0, 5000, 0]


# --- what is not ours --------------------------------------------------------------------------


async def refused(path: Path, error: type[FleettuiError]) -> FleettuiError:
    with pytest.raises(error) as refusal:
        async with SqliteStore.open(path):
            pass
    assert refusal.value.mend
    assert str(path) in refusal.value.message
    return refusal.value


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0", b"\0" * 5000])
async def test_a_file_that_is_no_store_is_refused_untouched(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o640)
    await refused(path, StoreForeign)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


async def test_a_database_of_another_program_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
    before = path.read_bytes()
    await refused(path, StoreForeign)
    assert path.read_bytes() == before


async def test_a_newer_store_is_refused_untouched(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    newer = await refused(path, StoreNewer)
    assert "update fleettui" in newer.mend
    assert path.read_bytes() == before


OLDER = {
    1: "INSERT INTO streams (id, name, last) VALUES (1, 'a', 2), (2, 'b', 1)",
    2: "INSERT INTO streams (id, name) VALUES (1, 'a'), (2, 'b')",
}


def make_older(path: Path, version: int) -> None:
    """Make a store as an earlier version would have."""
    last = ", last INTEGER NOT NULL DEFAULT 0" if version == 1 else ""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            f"""
            CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE{last}) STRICT;
            CREATE TABLE events (
              stream INTEGER NOT NULL REFERENCES streams (id), seq INTEGER NOT NULL,
              at REAL NOT NULL, actor TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (stream, seq)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE snapshots (
              stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL
            ) STRICT;
            CREATE TABLE blobs (digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
            {OLDER[version]};
            INSERT INTO events VALUES
              (1, 1, 1.0, 'ada', x'78'), (2, 1, 2.0, 'ada', x'7a'), (1, 2, 3.0, 'ada', x'79');
            PRAGMA application_id = {APPLICATION_ID};
            PRAGMA user_version = {version};
            """
        )
        db.execute("INSERT INTO snapshots VALUES (1, 2, ?)", (zlib.compress(b"state"),))
        digest = hashlib.sha256(b"text").hexdigest()
        db.execute("INSERT INTO blobs VALUES (?, ?)", (digest, zlib.compress(b"text")))
        db.commit()


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_store_is_copied_and_its_things_become_the_first_tenants(
    path: Path, version: int
) -> None:
    make_older(path, version)
    async with SqliteStore.open(path) as store:
        assert await store.streams() == (("default", "a"), ("default", "b"))
        assert [row.body async for row in store.read("default", "a")] == [b"x", b"y"]
        assert await store.load_snapshot("default", "a") == (2, b"state")
        digest = hashlib.sha256(b"text").hexdigest()
        assert await store.get_blob("default", digest) == b"text"
        await store.append([*rows("a", 3, 3), *rows("c", 1, 1)])
    assert await lasts(path) == {"a": 3, "b": 1, "c": 1}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = "SELECT name, sql FROM sqlite_schema WHERE sql <> '' ORDER BY name"
        brought = db.execute(tables).fetchall()
    await made(path.with_name("new.db"))
    with closing(sqlite3.connect(path.with_name("new.db"))) as db:
        assert db.execute(tables).fetchall() == brought
    copy = path.with_name(f"fleettui.db.schema{version}")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version,)
        assert db.execute("SELECT count(*) FROM events").fetchone() == (3,)


async def test_what_was_found_is_bound_as_it_was_and_what_comes_goes_on_from_it(
    path: Path,
) -> None:
    make_older(path, 2)
    async with SqliteStore.open(path) as store:
        await store.append(rows("b", 2, 2))
    expected = ORIGIN
    for stream, seq, at, body in (
        ("a", 1, 1.0, b"x"), ("a", 2, 3.0, b"y"), ("b", 1, 2.0, b"z"), ("b", 2, 1.0, b"x" * 10),
    ):  # fmt: skip
        expected = link(expected, "default", stream, seq, at, "ada", body)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM chains").fetchall() == [("default", 4, expected, 3)]
        assert db.execute("SELECT hash FROM events WHERE place = 4").fetchone() == (expected,)


async def test_a_schema_that_never_was_is_refused(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 0")
    await refused(path, StoreForeign)


async def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    await made(path)
    assert await lasts(path) == {"a": 3}


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
async def test_what_is_no_regular_file_is_refused(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/hostname")
    await refused(path, StoreForeign)


@pytest.mark.parametrize("left", ["gone", "empty"])
async def test_a_log_without_its_file_is_kept_for_its_owner(path: Path, left: str) -> None:
    with writing(path, "write") as process:
        line_of(process)
    path.unlink()
    if left == "empty":
        path.touch()
    log = path.with_name("fleettui.db-wal")
    before = log.read_bytes()
    assert "restore" in (await refused(path, StoreForeign)).mend
    assert log.read_bytes() == before


async def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 200, 500))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    await refused(path, StoreForeign)


async def test_an_event_taken_out_of_the_file_is_noticed(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM events WHERE seq = 2")
        db.commit()
    async with SqliteStore.open(path) as store:
        with pytest.raises(StoreForeign, match="gap before event 3"):
            [row async for row in store.read("default", "a")]


# --- other processes ---------------------------------------------------------------------------


async def test_a_second_process_is_refused_and_may_follow_the_first(path: Path) -> None:
    with writing(path, "hold") as process:
        assert line_of(process) == "open"
        assert str(process.pid) in (await refused(path, StoreLocked)).message
        process.communicate("\n")
    await made(path)


async def test_a_second_store_in_one_process_is_refused_too(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await refused(path, StoreLocked)
        await store.append(rows("a", 1, 1))


async def test_a_lock_held_by_another_program_is_said_and_nothing_is_lost(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 2))
        await store._db.execute("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreLocked, match="another program"):
                await store.append(rows("a", 3, 4))
            with pytest.raises(StoreLocked):
                await store.put_blob("default", b"text")
            assert [row.seq async for row in store.read("default", "a")] == [1, 2]
            other.execute("ROLLBACK")
        await store.append(rows("a", 3, 4))
    assert await lasts(path) == {"a": 4}


@pytest.mark.parametrize("gone", ["fleettui.db", "fleettui.db-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_acknowledged_into_a_deleted_file(
    path: Path, gone: str, replaced: bool
) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 1))
        file = path.with_name(gone)
        file.rename(path.with_name("aside"))
        if replaced:
            file.touch()
        with pytest.raises(StoreFailed, match="deleted or replaced"):
            await store.append(rows("a", 2, 2))
        path.with_name("aside").rename(file)
        await store.append(rows("a", 2, 2))
    assert await lasts(path) == {"a": 2}


# --- the end of a process ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
async def test_kill_9_loses_nothing_acknowledged_and_breaks_no_batch(path: Path, seed: int) -> None:
    random.seed(seed)
    acked: dict[str, int] = {}
    for _ in range(3):
        with writing(path, "write") as process:
            for _ in range(random.randint(1, 150)):
                stream, last = line_of(process).split()
                acked[stream] = int(last)
            process.kill()
            assert process.stdout is not None
            for line in process.stdout:
                stream, last = line.split()
                acked[stream] = int(last)
        found = await lasts(path)
        assert all(found[stream] >= last for stream, last in acked.items())
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_rubbish_behind_the_log_is_passed_over(path: Path) -> None:
    acked = {}
    with writing(path, "write") as process:
        for _ in range(20):
            stream, last = line_of(process).split()
            acked[stream] = int(last)
    with path.with_name("fleettui.db-wal").open("ab") as log:
        log.write(os.urandom(10_000))
    found = await lasts(path)
    assert all(found[stream] >= last for stream, last in acked.items())


async def test_a_cancelled_append_is_whole_or_not_at_all_and_the_next_one_fits(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        for turn in range(20):
            last = len([row async for row in store.read("default", "a")])
            appending = asyncio.ensure_future(store.append(rows("a", last + 1, last + 500)))
            for _ in range(turn):
                await asyncio.wait([appending], timeout=0)
            appending.cancel()
            await asyncio.wait([appending])
            found = [row.seq async for row in store.read("default", "a")]
            assert len(found) in {last, last + 500}
            await store.append(rows("a", len(found) + 1, len(found) + 1))


async def test_a_cancelled_owner_still_closes_the_store(path: Path) -> None:
    opened = asyncio.Event()

    async def own() -> None:
        async with SqliteStore.open(path) as store:
            await store.append(rows("a", 1, 1))
            opened.set()
            await asyncio.Event().wait()

    owner = asyncio.ensure_future(own())
    await opened.wait()
    owner.cancel()
    await asyncio.wait([owner], timeout=0)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert await lasts(path) == {"a": 1}


# --- disks -------------------------------------------------------------------------------------


async def test_a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=2m", "none") as disk:
        path, acked = disk / "fleettui.db", 0
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 500_000)
        with writing(path, "full") as process:
            while not (line := line_of(process)).startswith("full"):
                acked = int(line.split()[1])
            assert "make room" in line
            ballast.unlink()
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            assert line_of(process) == f"acked {acked + 50}"
        assert (await lasts(path))["a"] >= acked + 50


async def test_a_store_that_may_not_grow_refuses_loses_nothing_and_goes_on(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.append(rows("a", 1, 5))
        await store._db.execute("PRAGMA max_page_count = 30")
        with pytest.raises(StoreFull, match="full"):
            await store.append(rows("a", 6, 600, 500))
        with pytest.raises(StoreFull):
            await store.put_blob("default", os.urandom(500_000))
        assert [row.seq async for row in store.read("default", "a")] == [1, 2, 3, 4, 5]
        await store.append(rows("a", 6, 6))
        await store._db.execute("PRAGMA max_page_count = 100000")
        await store.append(rows("a", 7, 600, 500))
    assert await lasts(path) == {"a": 600}


async def test_a_read_only_disk_is_said_to_be_read_only(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=2m", "none") as disk:
        path = disk / "fleettui.db"
        await made(path)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StoreReadOnly, match="--state DIR"):
            async with SqliteStore.open(path):
                pass
        with pytest.raises(StoreReadOnly):
            async with SqliteStore.open(disk / "new" / "fleettui.db"):
                pass


async def test_a_folder_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreReadOnly, match="--state DIR"):
        async with SqliteStore.open(tmp_path / "file" / "fleettui.db"):
            pass


@pytest.mark.parametrize(("what", "mode"), [("file", 0o444), ("folder", 0o555)])
async def test_what_may_not_be_written_is_refused(what: str, mode: int) -> None:
    """Root may write everywhere, so the one who tries is somebody else."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "state" / "fleettui.db"
        await made(path)
        nobody = 65534 if os.geteuid() == 0 else os.geteuid()
        for kept in (path.parent, *path.parent.iterdir()):
            os.chown(kept, nobody, -1)
        locked = path if what == "file" else path.parent
        locked.chmod(mode)
        myself = os.geteuid()
        os.seteuid(nobody)
        try:
            await refused(path, StoreReadOnly)
        finally:
            os.seteuid(myself)
        locked.chmod(0o700)
        assert await lasts(path) == {"a": 3}


MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /mnt/net rw shared:9 - nfs4 server:/export rw
41 22 0:41 / /mnt/with\040space rw - cifs //server/share rw
42 40 254:1 / /mnt/net/local rw - xfs /dev/vdb rw
43 22 0:43 / /over rw - nfs server:/x rw
44 43 254:2 / /over rw - ext4 /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ada/state", "ext4"),
        ("/mnt/net", "nfs4"),
        ("/mnt/net/ada/state", "nfs4"),
        ("/mnt/network/state", "ext4"),
        ("/mnt/net/local/state", "xfs"),
        ("/mnt/with space/state", "cifs"),
        ("/over/state", "ext4"),
    ],
)
def test_the_file_system_of_a_path_is_known(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind
