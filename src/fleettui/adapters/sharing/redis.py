"""RedisEntries: a shared memory on a Redis server; needs the extra `redis`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any, Final
from urllib.parse import quote

import msgspec

from fleettui.core.errors import MemoryLost, MissingExtra
from fleettui.core.memory import MemoryEntry, MemoryPlace, redacted, shown

_CONNECT_WITHIN: Final = 3.0
_ANSWER_WITHIN: Final = 10.0
_PAGE: Final = 50
# key, value (any text, also what is no valid Unicode), by, at, expires_at
_Kept = tuple[str, bytes, str, float, float]


@asynccontextmanager
async def open_redis(place: MemoryPlace) -> AsyncIterator[RedisEntries]:
    """Give the memory on the server of a place; raises MissingExtra or MemoryLost."""
    try:
        library: Any = import_module("redis.asyncio")
        retrying: Any = import_module("redis.asyncio.retry")
        waiting: Any = import_module("redis.backoff")
    except ImportError:
        raise MissingExtra(
            "memory redis needs a package that is not installed", "pip install 'fleettui[redis]'"
        ) from None
    try:
        client = library.Redis.from_url(
            place.url, socket_connect_timeout=_CONNECT_WITHIN, socket_timeout=_ANSWER_WITHIN,
            # Once more at once: a pooled connection may be to a server that has gone since.
            retry=retrying.Retry(waiting.NoBackoff(), 1),
        )  # fmt: skip
    except (ValueError, TypeError):
        # What it says may hold the password.
        raise MemoryLost(
            "the address of memory redis can't be read",
            "it is redis://USER:PASSWORD@HOST:PORT/NUMBER, special characters as %XX",
        ) from None
    try:
        yield RedisEntries(client, place)
    finally:
        await client.aclose()


class RedisEntries:
    """Satisfies SharedMemory: a value an entry, and a sorted set of the keys by their end."""

    def __init__(self, client: Any, place: MemoryPlace) -> None:
        self._client, self._url = client, place.url
        # Names can't break out of the braces; in a cluster, what is in them is kept together.
        self._base = (
            f"fleettui:{{{quote(place.tenant, safe='')}/{quote(place.namespace, safe='')}}}"
        )
        self._keys = f"{self._base}:keys"

    def _name(self, key: str) -> str:
        return f"{self._base}:entry:{key}"

    async def put(self, entry: MemoryEntry) -> None:
        """Keep an entry; the server forgets it by itself when it is over."""
        value = entry.value.encode("utf-8", "surrogatepass")
        body = msgspec.msgpack.encode((entry.key, value, entry.by, entry.at, entry.expires_at))
        until = int(entry.expires_at * 1000) or None
        with self._said():
            async with self._client.pipeline(transaction=True) as together:
                together.set(self._name(entry.key), body, pxat=until)
                together.zadd(self._keys, {entry.key: entry.expires_at or "+inf"})
                together.zremrangebyscore(self._keys, "-inf", entry.at)
                await together.execute()

    async def entries(
        self, now: float, *, key: str = "", prefix: str = ""
    ) -> AsyncGenerator[MemoryEntry, None]:
        """Give the entries that are not over, by key, a page at a time."""
        keys = [key] if key else await self._with_prefix(now, prefix)
        for start in range(0, len(keys), _PAGE):
            names = [self._name(one) for one in keys[start : start + _PAGE]]
            with self._said():
                bodies = await self._client.mget(names)
            for body in bodies:
                entry = _entry(body) if body is not None else None
                if entry is not None and not 0 < entry.expires_at <= now:
                    yield entry

    async def _with_prefix(self, now: float, prefix: str) -> list[str]:
        with self._said():
            members: list[bytes] = await self._client.zrangebyscore(self._keys, f"({now}", "+inf")
        return sorted(key for key in (one.decode() for one in members) if key.startswith(prefix))

    async def drop(self, key: str) -> bool:
        """Forget an entry."""
        with self._said():
            async with self._client.pipeline(transaction=True) as together:
                together.delete(self._name(key))
                together.zrem(self._keys, key)
                deleted, _ = await together.execute()
        return bool(deleted)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Say in our words, without the password, what the client or the server complains of."""
        errors: Any = import_module("redis.exceptions")
        try:
            yield
        except (errors.RedisError, OSError, ValueError) as error:
            what = redacted(str(error) or type(error).__name__, self._url)
            raise MemoryLost(
                f"redis at {shown(self._url)}: {what}", "it is tried again by itself"
            ) from None


def _entry(body: bytes) -> MemoryEntry:
    try:
        key, value, by, at, expires_at = msgspec.msgpack.decode(body, type=_Kept)
    except msgspec.MsgspecError:
        raise MemoryLost(
            "redis holds an entry that another program wrote", "use another namespace"
        ) from None
    return MemoryEntry(key, value.decode("utf-8", "surrogatepass"), by, at, expires_at)
