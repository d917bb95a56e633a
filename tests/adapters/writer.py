"""A process that writes to a store and says after each append what is acknowledged.

Arguments: the file, and what to do: `write` without end, `hold` (open and wait), `full` (write
until the disk is full, say so, and go on when told on standard input).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.errors import FleettuiError, StoreFull
from fleettui.ports import Row


def batch(stream: str, last: int, count: int) -> list[Row]:
    return [
        Row("default", stream, last + n, float(n), "ada", b"x" * 500) for n in range(1, count + 1)
    ]


def say(*words: object) -> None:
    sys.stdout.write(f"{' '.join(map(str, words))}\n")
    sys.stdout.flush()


async def write(store: SqliteStore) -> None:
    for number in range(1_000_000):
        stream, size = f"s{number % 3}", number % 40 + 1
        last = (
            [row.seq async for row in store.read("default", stream)]
            if number < 3
            else [lasts[stream]]
        )
        lasts[stream] = (last or [0])[-1]
        await store.append(batch(stream, lasts[stream], size))
        lasts[stream] += size
        say(stream, lasts[stream])


async def fill(store: SqliteStore) -> None:
    last = 0
    while True:
        try:
            await store.append(batch("a", last, 50))
        except StoreFull as full:
            say("full", last, full)
            sys.stdin.readline()
        else:
            last += 50
            say("acked", last)


lasts: dict[str, int] = {}


async def main(path: str, job: str) -> None:
    try:
        async with SqliteStore.open(Path(path)) as store:
            if job == "write":
                await write(store)
            elif job == "full":
                await fill(store)
            else:
                say("open")
                sys.stdin.readline()
    except FleettuiError as refusal:
        say(type(refusal).__name__, refusal)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
