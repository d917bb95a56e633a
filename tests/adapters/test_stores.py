"""What every store promises, held by each of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.errors import NotFound, SequenceConflict
from fleettui.ports import Row

AnyStore = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    async with SqliteStore.open(tmp_path / "s" / "fleettui.db") as opened:
        yield opened


def rows(stream: str, first: int, last: int) -> list[Row]:
    return [
        Row(stream, seq, 1000.5 + seq, "ada", f'{{"n":{seq}}}'.encode())
        for seq in range(first, last + 1)
    ]


async def read(store: AnyStore, stream: str, after: int = 0) -> list[Row]:
    return [row async for row in store.read(stream, after)]


async def test_what_was_appended_is_read_as_it_was(store: AnyStore) -> None:
    odd = Row("acme/web ☃", 1, 0.1 + 0.2, "system:☃", bytes(range(256)))
    await store.append([odd])
    assert await read(store, odd.stream) == [odd]


async def test_streams_are_numbered_apart_and_named_in_order(store: AnyStore) -> None:
    await store.append([*rows("b", 1, 2), *rows("a", 1, 1), *rows("b", 3, 3)])
    assert await store.streams() == ("b", "a")
    assert await read(store, "b", 1) == rows("b", 2, 3)
    assert await read(store, "a") == rows("a", 1, 1)
    assert await read(store, "c") == []


async def test_a_long_stream_is_read_whole(store: AnyStore) -> None:
    await store.append(rows("a", 1, 4001))
    assert await read(store, "a") == rows("a", 1, 4001)
    assert await read(store, "a", 4000) == rows("a", 4001, 4001)


@pytest.mark.parametrize("wrong", [0, 1, 2, 4, -1])
async def test_a_gap_or_a_second_writer_is_refused_with_the_whole_batch(
    store: AnyStore, wrong: int
) -> None:
    await store.append(rows("a", 1, 2))
    batch = [*rows("new", 1, 2), *rows("a", wrong, wrong)]
    with pytest.raises(SequenceConflict, match="is not the next, 3"):
        await store.append(batch)
    assert await read(store, "a") == rows("a", 1, 2)
    assert await store.streams() == ("a",)
    await store.append([*rows("a", 3, 3), *rows("new", 1, 1)])
    assert await store.streams() == ("a", "new")


async def test_a_stream_begins_with_one(store: AnyStore) -> None:
    with pytest.raises(SequenceConflict, match="is not the next, 1"):
        await store.append(rows("a", 2, 2))
    assert await store.streams() == ()


async def test_nothing_to_append_is_nothing(store: AnyStore) -> None:
    await store.append([])
    assert await store.streams() == ()


async def test_the_newest_snapshot_is_kept(store: AnyStore) -> None:
    await store.append(rows("a", 1, 9))
    assert await store.load_snapshot("a") is None
    await store.save_snapshot("a", 5, b"five")
    await store.save_snapshot("a", 3, b"three")
    assert await store.load_snapshot("a") == (5, b"five")
    await store.save_snapshot("a", 9, b"nine" * 100_000)
    assert await store.load_snapshot("a") == (9, b"nine" * 100_000)


async def test_a_snapshot_of_nothing_is_not_kept(store: AnyStore) -> None:
    await store.save_snapshot("a", 1, b"?")
    assert await store.load_snapshot("a") is None


@pytest.mark.parametrize("body", [b"", b"short", b"long" * 500_000])
async def test_a_blob_is_found_by_its_digest(store: AnyStore, body: bytes) -> None:
    digest = await store.put_blob(body)
    assert digest == hashlib.sha256(body).hexdigest()
    assert await store.put_blob(body) == digest
    assert await store.get_blob(digest) == body


async def test_an_unknown_blob_is_not_found(store: AnyStore) -> None:
    with pytest.raises(NotFound):
        await store.get_blob("0" * 64)
