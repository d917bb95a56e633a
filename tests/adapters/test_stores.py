"""What every store promises, held by each of them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.errors import NotFound, SequenceConflict, StoreSealed
from fleettui.core.tenancy import current_tenant
from fleettui.ports import Row

AnyStore = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    async with SqliteStore.open(tmp_path / "s" / "fleettui.db") as opened:
        yield opened


def rows(stream: str, first: int, last: int, tenant: str = "default") -> list[Row]:
    return [
        Row(tenant, stream, seq, 1000.5 + seq, "ada", f'{{"n":{seq}}}'.encode())
        for seq in range(first, last + 1)
    ]


async def read(store: AnyStore, stream: str, after: int = 0, tenant: str = "default") -> list[Row]:
    return [row async for row in store.read(tenant, stream, after)]


async def names(store: AnyStore) -> list[str]:
    return [name for _, name in await store.streams()]


async def test_what_was_appended_is_read_as_it_was(store: AnyStore) -> None:
    odd = Row("default", "acme/web ☃", 1, 0.1 + 0.2, "system:☃", bytes(range(256)))
    await store.append([odd])
    assert await read(store, odd.stream) == [odd]


async def test_streams_are_numbered_apart_and_named_in_order(store: AnyStore) -> None:
    await store.append([*rows("b", 1, 2), *rows("a", 1, 1), *rows("b", 3, 3)])
    assert await names(store) == ["b", "a"]
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
    assert await names(store) == ["a"]
    await store.append([*rows("a", 3, 3), *rows("new", 1, 1)])
    assert await names(store) == ["a", "new"]


async def test_a_stream_begins_with_one(store: AnyStore) -> None:
    with pytest.raises(SequenceConflict, match="is not the next, 1"):
        await store.append(rows("a", 2, 2))
    assert await store.streams() == ()


async def test_nothing_to_append_is_nothing(store: AnyStore) -> None:
    await store.append([])
    assert await store.streams() == ()


async def test_the_newest_snapshot_is_kept(store: AnyStore) -> None:
    await store.append(rows("a", 1, 9))
    assert await store.load_snapshot("default", "a") is None
    await store.save_snapshot("default", "a", 5, b"five")
    await store.save_snapshot("default", "a", 3, b"three")
    assert await store.load_snapshot("default", "a") == (5, b"five")
    await store.save_snapshot("default", "a", 9, b"nine" * 100_000)
    assert await store.load_snapshot("default", "a") == (9, b"nine" * 100_000)


async def test_a_snapshot_of_nothing_is_not_kept(store: AnyStore) -> None:
    await store.save_snapshot("default", "a", 1, b"?")
    assert await store.load_snapshot("default", "a") is None


@pytest.mark.parametrize("body", [b"", b"short", b"long" * 500_000])
async def test_a_blob_is_found_by_its_digest(store: AnyStore, body: bytes) -> None:
    digest = await store.put_blob("default", body)
    assert digest == hashlib.sha256(body).hexdigest()
    assert await store.put_blob("default", body) == digest
    assert await store.get_blob("default", digest) == body


async def test_an_unknown_blob_is_not_found(store: AnyStore) -> None:
    with pytest.raises(NotFound):
        await store.get_blob("default", "0" * 64)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 128, 200])
async def test_as_many_rows_streams_and_tenants_as_come_at_once_are_kept(
    store: AnyStore, count: int
) -> None:
    many = [row for number in range(count) for row in rows("a", 1, 2, f"t{number}")]
    await store.append([*many, *rows("a", 1, count)])
    assert len(await store.streams()) == count + 1
    assert await read(store, "a") == rows("a", 1, count)
    assert await read(store, "a", tenant=f"t{count - 1}") == rows("a", 1, 2, f"t{count - 1}")
    await store.append(rows("a", count + 1, count * 2))
    assert await read(store, "a", count) == rows("a", count + 1, count * 2)


# --- tenants -----------------------------------------------------------------------------------


@contextmanager
def acting_for(tenant: str) -> Iterator[None]:
    token = current_tenant.set(tenant)
    try:
        yield
    finally:
        current_tenant.reset(token)


async def test_two_tenants_share_no_stream_no_snapshot_and_no_text(store: AnyStore) -> None:
    await store.append([*rows("a", 1, 2, "acme"), *rows("a", 1, 1, "bolt"), *rows("b", 1, 1)])
    assert await store.streams() == (("acme", "a"), ("bolt", "a"), ("default", "b"))
    assert await read(store, "a", tenant="acme") == rows("a", 1, 2, "acme")
    assert await read(store, "a", tenant="bolt") == rows("a", 1, 1, "bolt")
    assert await read(store, "b", tenant="acme") == []
    await store.save_snapshot("acme", "a", 2, b"acme's")
    assert await store.load_snapshot("bolt", "a") is None
    digest = await store.put_blob("acme", b"canary" * 5000)
    with pytest.raises(NotFound):
        await store.get_blob("bolt", digest)
    assert await store.put_blob("bolt", b"canary" * 5000) == digest
    assert await store.get_blob("bolt", digest) == b"canary" * 5000


async def every_access(store: AnyStore, tenant: str) -> list[Awaitable[object]]:
    return [
        store.append(rows("a", 1, 1, tenant)),
        read(store, "a", tenant=tenant),
        store.save_snapshot(tenant, "a", 1, b"state"),
        store.load_snapshot(tenant, "a"),
        store.put_blob(tenant, b"text"),
        store.get_blob(tenant, "0" * 64),
    ]


@pytest.mark.parametrize(("caller", "tenant"), [("", ""), ("acme", ""), ("acme", "bolt")])
async def test_nothing_is_done_without_a_tenant_or_for_another_than_the_callers(
    store: AnyStore, caller: str, tenant: str
) -> None:
    with acting_for(caller):
        for access in await every_access(store, tenant):
            with pytest.raises(StoreSealed) as refusal:
                await access
            assert "bolt" not in str(refusal.value)
    assert await store.streams() == ()


async def test_who_acts_for_a_tenant_has_its_own_things_and_sees_no_others_stream(
    store: AnyStore,
) -> None:
    await store.append([*rows("a", 1, 1, "acme"), *rows("b", 1, 1, "bolt")])
    with acting_for("acme"):
        await store.append(rows("a", 2, 2, "acme"))
        assert await read(store, "a", tenant="acme") == rows("a", 1, 2, "acme")
        assert await store.streams() == (("acme", "a"),)
        with pytest.raises(StoreSealed):
            await store.append([*rows("a", 3, 3, "acme"), *rows("b", 2, 2, "bolt")])
    assert await read(store, "a", tenant="acme") == rows("a", 1, 2, "acme")
