"""The durable path: a message sent, stored with FULL, delivered, and its ack stored; in JSON.

raw is the limit: sqlite3 alone, 532-byte rows in batches of 1,000, then as many acks, FULL.
append: the same rows through SqliteStore. pipelined, awaiting: the whole way through the engine
(door, rule, events, store, bus, mailboxes of 64 agents, ack through the same door), nobody
waiting, and each of 256 publishers and 64 agents waiting for every answer. p50 and p99: from
sending to delivery at 200 messages a second. opening: 100,000 messages folded again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.core.commands import AckMessage, AdmitFleet, MoveAgent, SendMessage
from fleettui.core.events import MessageAcked, MessageQueued
from fleettui.core.model import PRIORITIES, Actor, Payload
from fleettui.engine.engine import Engine
from fleettui.ports import Row
from fleettui.wiring import collect_rarely

BATCH = 1000
BYTES = 532
AGENTS, PUBLISHERS = 64, 256
# Share of the raw limit, milliseconds, and seconds of opening: performance.md.
GOALS = {"pipelined": 0.25, "awaiting": 0.15, "p50": 5.0, "p99": 25.0, "opening": 2000.0}
FLEET = f"""
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {{name: bench}}
spec:
  agents:
    - {{name: agent, replicas: {AGENTS}, spec: {{model: "scripted:none", instructions: wait}}}}
  coordination: {{mode: peer}}
"""


def raw(folder: Path, messages: int) -> float:
    """Give the seconds that sqlite3 takes at best: each message stored, and each ack."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        began = time.perf_counter()
        for body in (b"m" * BYTES, b"a" * 64):
            for _ in range(messages // BATCH):
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT INTO log (body) VALUES (?)", [(body,)] * BATCH)
                db.execute("COMMIT")
        return time.perf_counter() - began


async def append(folder: Path, messages: int) -> float:
    """Give the seconds that the same rows take through the store."""
    async with SqliteStore.open(folder / "append" / "fleettui.db") as store:
        began, last = time.perf_counter(), 0
        for body in (b"m" * BYTES, b"a" * 64):
            for _ in range(messages // BATCH):
                numbers = range(last + 1, last + BATCH + 1)
                await store.append(
                    [Row("default", "bench", seq, 1.0, "ada", body) for seq in numbers]
                )
                last += BATCH
        return time.perf_counter() - began


class Fleet:
    """An engine on a disk with a fleet of paused agents: mail waits, and nobody thinks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.state = engine.state("bench")
        self.agents = tuple(self.state.agents)
        self.people = [Actor("operator", f"p{number}") for number in range(PUBLISHERS)]

    def send(self, number: int) -> asyncio.Future[str]:
        to = self.agents[number % len(self.agents)]
        # So many characters make an event of BYTES bytes.
        body = Payload("m" * (BYTES - 120), BYTES - 120)
        priority = PRIORITIES[number // len(self.agents) % len(PRIORITIES)]
        command = SendMessage("bench", to, body, priority)
        return self.engine.send(command, self.people[number % PUBLISHERS])

    def ack(self, agent: str) -> asyncio.Future[str]:
        """Take the message whose turn it is for an agent, and acknowledge it."""
        name = self.state.mailboxes[agent].take(time.time())
        assert name is not None
        return self.engine.send(AckMessage("bench", name))

    async def deliver(self, messages: int, handle: Callable[[str, str], Any]) -> None:
        """Call `handle` with each stored message and its agent, until so many acks are stored."""
        acked = 0
        async with self.engine.bus.subscribe(
            "org.default.events.bench", most=10_000_000
        ) as subscription:
            while acked < messages:
                for recorded in await subscription.take():
                    event = recorded.event
                    if type(event) is MessageQueued:
                        handle(event.message, event.to)
                    elif type(event) is MessageAcked:
                        acked += 1


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Fleet]:
    """Open the fleet in a folder, made if it is not there."""
    file = folder / "fleet.yaml"
    file.write_text(FLEET)
    collect_rarely()
    async with SqliteStore.open(folder / "engine" / "fleettui.db") as store:
        engine = Engine(store, store, store, MemoryBus(), SystemClock())
        async with engine.running():
            ada = Actor("operator", "ada")
            loaded = YamlSpecs().load_fleet(str(file), {})
            await engine.send(
                AdmitFleet("bench", loaded.name, str(file), str(folder), loaded.spec, ()), ada
            )
            state = engine.state("bench")
            for agent in state.agents.values():
                if agent.status == "idle":
                    await engine.send(MoveAgent("bench", agent.id, "pause"), ada)
            yield Fleet(engine)


async def pipelined(fleet: Fleet, messages: int) -> None:
    """Send without waiting; acknowledge without waiting."""
    delivering = asyncio.create_task(fleet.deliver(messages, lambda _, agent: fleet.ack(agent)))
    await asyncio.sleep(0)
    sent = []
    for number in range(messages):
        sent.append(fleet.send(number))
        if number % 200 == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*sent)
    await delivering


async def awaiting(fleet: Fleet, messages: int) -> None:
    """Let every publisher wait for each message, and every agent for each of its acks."""
    numbers = iter(range(messages))
    mail = {agent: asyncio.Semaphore(0) for agent in fleet.agents}

    async def publish() -> None:
        for number in numbers:
            await fleet.send(number)

    async def consume(agent: str) -> None:
        while True:
            await mail[agent].acquire()
            await fleet.ack(agent)

    consumers = [asyncio.create_task(consume(agent)) for agent in fleet.agents]
    delivering = asyncio.create_task(
        fleet.deliver(messages, lambda _, agent: mail[agent].release())
    )
    await asyncio.sleep(0)
    await asyncio.gather(*(publish() for _ in range(PUBLISHERS)))
    await delivering
    for consumer in consumers:
        consumer.cancel()


async def latencies(fleet: Fleet, messages: int, rate: float = 200.0) -> list[float]:
    """Give the milliseconds from sending to delivery, at a steady rate."""
    clock = asyncio.get_running_loop().time
    sent: dict[str, float] = {}
    took: list[float] = []
    early: dict[str, float] = {}

    def arrived(message: str, agent: str) -> None:
        early[message] = clock()
        fleet.ack(agent)

    delivering = asyncio.create_task(fleet.deliver(messages, arrived))
    began = clock()
    waiting = []
    for number in range(messages):
        await asyncio.sleep(max(began + number / rate - clock(), 0.0))
        at, future = clock(), fleet.send(number)
        future.add_done_callback(lambda done, at=at: sent.__setitem__(done.result(), at))
        waiting.append(future)
    await asyncio.gather(*waiting)
    await delivering
    took += [(early[message] - at) * 1000 for message, at in sent.items()]
    return took


async def timed(folder: Path, way: Callable[[Fleet, int], Awaitable[None]], messages: int) -> float:
    async with opened(folder) as fleet:
        began = time.perf_counter()
        await way(fleet, messages)
        return time.perf_counter() - began


async def opening(folder: Path, messages: int) -> float:
    """Give the milliseconds until a store with so many waiting messages is open again."""
    async with opened(folder) as fleet:
        await asyncio.gather(*(fleet.send(number) for number in range(messages)))
    began = time.perf_counter()
    async with opened(folder) as fleet:
        assert len(fleet.state.messages) == messages
        return (time.perf_counter() - began) * 1000


def measure(messages: int, rounds: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Measure in interleaved rounds, and give the medians."""
    rates: dict[str, list[float]] = {}
    quick: list[float] = []
    for number in range(rounds):
        here = folder / str(number)
        for name in ("pipelined", "awaiting", "latency"):
            (here / name).mkdir(parents=True)
        took = {
            "raw": raw(here, messages),
            "append": asyncio.run(append(here, messages)),
            "pipelined": asyncio.run(timed(here / "pipelined", pipelined, messages)),
            "awaiting": asyncio.run(timed(here / "awaiting", awaiting, messages)),
        }
        for name, seconds in took.items():
            rates.setdefault(name, []).append(messages / seconds)
        quick += asyncio.run(_latencies(here / "latency"))
    results = {name: _beside(name, rates) for name in ("append", "pipelined", "awaiting")}
    cuts = statistics.quantiles(quick, n=100)
    for name, value in (("p50", cuts[49]), ("p99", cuts[98])):
        results[name] = _alone(name, value)
    (folder / "opening").mkdir()
    results["opening"] = _alone("opening", asyncio.run(opening(folder / "opening", 100_000)))
    return results


async def _latencies(folder: Path) -> list[float]:
    async with opened(folder) as fleet:
        return await latencies(fleet, 400)


def _beside(name: str, rates: dict[str, list[float]]) -> dict[str, Any]:
    ratio = statistics.median(
        ours / limit for ours, limit in zip(rates[name], rates["raw"], strict=True)
    )
    goal = GOALS.get(name)
    return {
        "per_second": round(statistics.median(rates[name])),
        "peer": "raw",
        "peer_per_second": round(statistics.median(rates["raw"])),
        "ratio": round(ratio, 3),
        "goal": goal,
        "met": None if goal is None else ratio >= goal,
    }


def _alone(name: str, value: float) -> dict[str, Any]:
    return {"ms": round(value, 2), "goal": GOALS[name], "met": value <= GOALS[name]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="in batches of 1,000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default is temporary")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = measure(options.messages // BATCH * BATCH, options.rounds, Path(folder))
    print(json.dumps({"bench": "durable", "runs": options.rounds, "results": results}, indent=2))


if __name__ == "__main__":
    main()
