"""One contract of shared memory, on all four backends; Redis and PostgreSQL are real servers."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from tests.adapters.memory_servers import (
    PASSWORD,
    QUOTED,
    Server,
    postgres_programs,
    postgres_server,
    redis_program,
    redis_server,
)

from fleettui.adapters.sharing.places import SharingPlaces
from fleettui.core.errors import MemoryLost, MissingExtra
from fleettui.core.memory import MOST_BYTES, MemoryEntry, MemoryPlace
from fleettui.core.spec.shared import MemoryType
from fleettui.ports import SharedMemory

# Ahead of the clock: a backend that ends entries by itself must not come first.
NOW = time.time() + 3600
Place = Callable[[str, str], MemoryPlace]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if redis_program() is None:
        pytest.skip("redis-server is not installed")
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    if postgres_programs() is None:
        pytest.skip("PostgreSQL (initdb, postgres) is not installed")
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["inmemory", "sqlite", "redis", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give what makes a place of a backend; each test has namespaces of its own."""
    kind: MemoryType = request.param
    served = kind in {"redis", "postgres"}
    url = request.getfixturevalue(kind).url if served else ""

    def at(tenant: str = "default", namespace: str = "f") -> MemoryPlace:
        return MemoryPlace(
            kind, tenant, f"{request.node.name}/{namespace}", url, "memory.db", str(tmp_path)
        )

    return at


@pytest.fixture
async def memory(place: Place) -> AsyncIterator[SharedMemory]:
    async with SharingPlaces().open(place("default", "f")) as memory:
        yield memory


def entry(key: str, value: str = "v", *, at: float = NOW, ttl: float = 0.0) -> MemoryEntry:
    return MemoryEntry(key, value, "a", at, at + ttl if ttl else 0.0)


async def keys(memory: SharedMemory, prefix: str = "", now: float = NOW) -> list[str]:
    return [one.key async for one in memory.entries(now, prefix=prefix)]


async def test_what_was_put_is_found_whole_and_the_last_one_wins(memory: SharedMemory) -> None:
    await memory.put(entry("k", "first"))
    last = MemoryEntry("k", "second", "b", NOW + 1, NOW + 500)
    await memory.put(last)
    assert [one async for one in memory.entries(NOW, key="k")] == [last]


async def test_entries_come_by_key_and_by_prefix(memory: SharedMemory) -> None:
    for key in ("db/b", "z", "db/a", "db", "é", "DB/c", "a%_*[?", "\U0001f600"):
        await memory.put(entry(key))
    assert await keys(memory) == ["DB/c", "a%_*[?", "db", "db/a", "db/b", "z", "é", "\U0001f600"]
    assert await keys(memory, "db/") == ["db/a", "db/b"]
    assert await keys(memory, "a%") == ["a%_*[?"]
    assert await keys(memory, "%") == []
    assert [one async for one in memory.entries(NOW, key="d")] == []


async def test_many_entries_come_in_pages_without_gaps(memory: SharedMemory) -> None:
    names = [f"k{number:03}" for number in range(120)]
    for name in names:
        await memory.put(entry(name))
    assert await keys(memory) == names


async def test_what_is_dropped_is_gone_and_dropping_again_says_so(memory: SharedMemory) -> None:
    await memory.put(entry("k"))
    assert await memory.drop("k") is True
    assert await memory.drop("k") is False
    assert await keys(memory) == []


async def test_an_entry_is_over_at_its_end_and_not_before(memory: SharedMemory) -> None:
    await memory.put(entry("short", ttl=100))
    await memory.put(entry("long", ttl=10_000))
    await memory.put(entry("ever"))
    assert await keys(memory, now=NOW + 99) == ["ever", "long", "short"]
    assert await keys(memory, now=NOW + 100) == ["ever", "long"]
    assert [one async for one in memory.entries(NOW + 100, key="short")] == []
    # Putting sweeps, and an entry that is put again begins anew.
    await memory.put(entry("short", at=NOW + 200, ttl=100))
    assert await keys(memory, now=NOW + 250) == ["ever", "long", "short"]


@pytest.mark.parametrize(
    "value", ["", "\x00\x1b[31m\u202e", "\ud800 alone", "x" * MOST_BYTES], ids=lambda v: v[:3]
)
async def test_any_text_up_to_the_bound_comes_back_as_it_was(
    memory: SharedMemory, value: str
) -> None:
    await memory.put(entry("k", value))
    assert [one.value async for one in memory.entries(NOW, key="k")] == [value]


async def test_no_tenant_and_no_namespace_sees_another(place: Place) -> None:
    # The last two would be one if names were only put behind each other.
    places = [place("t", "f"), place("u", "f"), place("t", "g"), place("t/f", "x"), place("t", "")]
    memories = SharingPlaces()
    for number, where in enumerate(places):
        async with memories.open(where) as memory:
            await memory.put(entry("k", str(number)))
            await memory.put(entry(f"only{number}"))
    for number, where in enumerate(places):
        async with memories.open(where) as memory:
            found = {one.key: one.value async for one in memory.entries(NOW)}
            assert found == {"k": str(number), f"only{number}": "v"}
            assert await memory.drop(f"only{(number + 1) % len(places)}") is False


async def test_it_outlives_whoever_opened_it_and_is_seen_by_others_at_once(place: Place) -> None:
    memories = SharingPlaces()
    async with memories.open(place("t", "f")) as mine, memories.open(place("t", "f")) as theirs:
        await mine.put(entry("k"))
        assert await keys(theirs) == ["k"]
    async with memories.open(place("t", "f")) as later:
        assert await keys(later) == ["k"]


async def test_many_at_once_lose_nothing(place: Place) -> None:
    memories = SharingPlaces()
    async with memories.open(place("t", "f")) as mine, memories.open(place("t", "f")) as theirs:
        await asyncio.gather(
            *((mine if number % 2 else theirs).put(entry(f"k{number:02}")) for number in range(40))
        )
        assert len(await keys(mine)) == 40


async def test_redis_itself_forgets_what_is_over(redis: Server) -> None:
    import redis.asyncio as library

    async with SharingPlaces().open(MemoryPlace("redis", "t", "ttl", redis.url)) as memory:
        await memory.put(entry("k", at=time.time(), ttl=1000))
        await memory.put(entry("ever"))
    async with library.Redis.from_url(redis.url) as client:
        left = {
            name: await client.pttl(name)
            for name in [one async for one in client.scan_iter("fleettui:{t/ttl}:entry:*")]
        }
    assert left[b"fleettui:{t/ttl}:entry:ever"] == -1
    assert 0 < left[b"fleettui:{t/ttl}:entry:k"] <= 1_000_000


@pytest.mark.parametrize("kind", ["redis", "postgres"])
async def test_a_lost_server_is_said_without_the_password_and_found_again(
    kind: MemoryType, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    async with SharingPlaces().open(MemoryPlace(kind, "t", "lost", server.url)) as memory:
        await memory.put(entry("before"))
        server.kill()
        try:
            with pytest.raises(MemoryLost) as lost:
                await memory.put(entry("meanwhile"))
        finally:
            await asyncio.to_thread(server.start)
        await memory.put(entry("after"))
        found = await keys(memory)
    assert found == (["after", "before"] if kind == "postgres" else ["after"])
    assert "127.0.0.1" in str(lost.value)
    assert_no_password(str(lost.value))


@pytest.mark.parametrize("kind", ["redis", "postgres"])
async def test_a_wrong_password_is_said_without_it(
    kind: MemoryType, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    wrong = server.url.replace(QUOTED, "wrong-" + QUOTED)
    async with SharingPlaces().open(MemoryPlace(kind, "t", "f", wrong)) as memory:
        with pytest.raises(MemoryLost) as refused:
            await memory.put(entry("k"))
    assert_no_password(str(refused.value))
    assert "wrong-" not in str(refused.value)


@pytest.mark.parametrize("kind", ["redis", "postgres"])
@pytest.mark.parametrize(
    "url", [f"nonsense {PASSWORD}", f"redis://:{PASSWORD}@h:x/1", f"postgres://u:{PASSWORD}@h:x/"]
)
async def test_an_address_that_makes_no_sense_is_refused_without_showing_it(
    kind: MemoryType, url: str
) -> None:
    with pytest.raises(MemoryLost) as refused:
        async with SharingPlaces().open(MemoryPlace(kind, "t", "f", url)) as memory:
            await memory.put(entry("k"))
    assert_no_password(str(refused.value))


def assert_no_password(text: str) -> None:
    for written in (PASSWORD, QUOTED, "7f3a"):
        assert written not in text


@pytest.mark.parametrize(("kind", "package"), [("redis", "redis.asyncio"), ("postgres", "asyncpg")])
async def test_a_package_that_is_not_there_is_named_with_its_extra(
    kind: MemoryType, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'fleettui\[{kind}\]'"):
        async with SharingPlaces().open(MemoryPlace(kind, "t", "f", "redis://h")):
            pass


async def test_the_file_of_sqlite_is_for_its_owner_only_and_relative_to_the_fleet_file(
    tmp_path: Path,
) -> None:
    where = MemoryPlace("sqlite", "t", "f", path="m.db", folder=str(tmp_path))
    async with SharingPlaces().open(where) as memory:
        await memory.put(entry("k"))
        assert (tmp_path / "m.db").stat().st_mode & 0o777 == 0o600
        (tmp_path / "m.db").unlink()
        assert await keys(memory) == []
        await memory.put(entry("again"))
        assert await keys(memory) == ["again"]


async def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    before = path.read_bytes()
    for name, text in (("theirs.db", "another program"), ("no/such/folder.db", "can't be opened")):
        where = MemoryPlace("sqlite", "t", "f", path=name, folder=str(tmp_path))
        async with SharingPlaces().open(where) as memory:
            with pytest.raises(MemoryLost, match=text):
                await memory.put(entry("k"))
    assert path.read_bytes() == before
