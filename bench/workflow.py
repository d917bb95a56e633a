"""Workflows: steps that do nothing, their start and end durable; in JSON.

parallel: 50 steps side by side, from the task to the end, stored with FULL. chain: steps one after
the other, 10,000 of ours. The peer is DBOS on SQLite in the same run (a chain of 300 there, it is
counted a second); it is in the extra `bench`. Each is the median of several rounds, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import AdmitFleet, StartRun
from fleettui.core.model import Payload
from fleettui.engine.engine import Engine

PARALLEL, CHAIN, PEER_CHAIN = 50, 10_000, 300
# Milliseconds, share of the peer's time, and times the peer's rate: performance.md.
MOST_MS, MOST_SHARE, LEAST_RATIO = 15.0, 1 / 20, 20.0


def flow(count: int, *, chain: bool) -> dict[str, Any]:
    steps = [
        {
            "name": f"s{number}",
            "type": "join",
            "needs": [f"s{number - 1}"] if chain and number else [],
        }
        for number in range(count)
    ]
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "bench"},
        "spec": {
            "agents": [],
            "coordination": {"mode": "workflow"},
            "workflow": {"steps": steps, "max_parallel": PARALLEL},
        },
    }


async def ours(count: int, *, chain: bool) -> float:
    """Give the seconds of one run, from the task to its end on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteStore.open(Path(folder) / "bench.db") as store:
            engine = Engine(store, store, store, MemoryBus(), SystemClock())
            async with engine.running():
                spec = flow(count, chain=chain)
                await engine.send(AdmitFleet("bench", "bench", "/b.yaml", folder, spec))
                began = time.perf_counter()
                name = await engine.send(StartRun("bench", Payload("go")))
                took = time.perf_counter() - began
                assert engine.state("bench").runs[name].status == "finished"
                return took


class Peer:
    """DBOS on SQLite, with the same steps."""

    def __init__(self, folder: str) -> None:
        from dbos import DBOS

        DBOS(config={
            "name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
            "run_admin_server": False, "log_level": "ERROR",
        })  # fmt: skip

        @DBOS.step()
        async def step() -> None:
            """Do nothing."""

        @DBOS.workflow()
        async def parallel(count: int) -> None:
            await asyncio.gather(*(step() for _ in range(count)))

        @DBOS.workflow()
        async def chain(count: int) -> None:
            for _ in range(count):
                await step()

        DBOS.launch()
        self._dbos, self.parallel, self.chain = DBOS, parallel, chain

    async def timed(self, workflow: Any, count: int) -> float:
        began = time.perf_counter()
        await workflow(count)
        return time.perf_counter() - began

    def close(self) -> None:
        self._dbos.destroy()


async def measure(rounds: int) -> dict[str, Any]:
    mine: list[float] = []
    theirs: list[float] = []
    chains: list[float] = []
    peer_chains: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(folder)
        try:
            await peer.timed(peer.parallel, PARALLEL)
            for _ in range(rounds):
                mine.append(await ours(PARALLEL, chain=False))
                theirs.append(await peer.timed(peer.parallel, PARALLEL))
                chains.append(await ours(CHAIN, chain=True))
                peer_chains.append(await peer.timed(peer.chain, PEER_CHAIN))
        finally:
            peer.close()
    took, beside = statistics.median(mine) * 1000, statistics.median(theirs) * 1000
    rate = CHAIN / statistics.median(chains)
    peer_rate = PEER_CHAIN / statistics.median(peer_chains)
    return {
        "bench": "workflow",
        "results": {
            "parallel": {
                "ms": took, "peer": "DBOS on SQLite", "peer_ms": beside,
                "ratio": round(took / beside, 4), "goal": MOST_SHARE,
                "met": took <= MOST_MS and took / beside <= MOST_SHARE,
            },
            "chain": {
                "per_second": rate, "peer": "DBOS on SQLite", "peer_per_second": peer_rate,
                "ratio": round(rate / peer_rate, 1), "goal": LEAST_RATIO,
                "met": rate / peer_rate >= LEAST_RATIO,
            },
        },
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workflow", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    try:
        import dbos  # noqa: F401 the peer, and nothing of ours
    except ImportError:
        raise SystemExit("the peer is not installed: pip install 'fleettui[bench]'") from None
    print(json.dumps(asyncio.run(measure(options.rounds))))


if __name__ == "__main__":
    main()
