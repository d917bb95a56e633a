"""A checkpoint of an agent with 100 and with 1,000 messages, durable, beside LangGraph; in JSON.

Ours goes through the door: decided, stored with FULL, answered. 64 agents mark at the same time, as
they do before a run; the bytes are what the database grew by. The peer is LangGraph's
AsyncSqliteSaver in the same run, with as many threads and the same messages; it is in the extra
`bench`. alone: one after the other, which is what a disk's fsync costs both. A snapshot of the
whole state, due every 2,000 events (engine/stream.py), is no part of it. files: of a folder in git
with 2,000 files, of which one changed. Each is the median of several rounds, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.adapters.workspaces.history import GitHistory
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.worktrees import GitWorkspaces
from fleettui.core.commands import AdmitFleet, FinishTurn, MakeCheckpoint, RecordStep, StartRun
from fleettui.core.model import Payload, Usage
from fleettui.engine.engine import Engine

TEXT = "The change reads a file and closes it; nothing grows with the number of users. " * 5
AGENTS, COUNT, PEER_COUNT, ALONE = 64, 1_600, 256, 100
MOST_BEFORE = 300
# Times LangGraph's rate and share of its bytes, by the messages of the agent: performance.md.
GOALS = {100: (10.0, 1 / 5), 1000: (30.0, 1 / 5)}
FILES = 2_000


def fleet() -> dict[str, Any]:
    spec = {"model": "builtin:review", "tools": ["read_file"], "checkpoint_every": 1000}
    agent = {"name": "a", "replicas": AGENTS, "spec": spec}
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "bench"},
        "spec": {"agents": [agent], "coordination": {"mode": "peer"}},
    }


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


async def in_turns(count: int, at_once: int, one: Callable[[int], Awaitable[Any]]) -> float:
    """Do something `count` times, `at_once` in flight; give how often a second."""
    left = iter(range(count))

    async def worker() -> None:
        for number in left:
            await one(number)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return count / (time.perf_counter() - began)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Engine]:
    async with SqliteStore.open(folder / "bench.db") as store:
        engine = Engine(store, store, store, MemoryBus(), SystemClock())
        async with engine.running():
            yield engine


async def since_snapshot(engine: Engine) -> int:
    kept = await engine.snapshots.load_snapshot("default", "bench")
    return engine.state("bench").seq - (kept[0] if kept else 0)


async def ours(messages: int, at_once: int) -> tuple[float, float]:
    """Give checkpoints a second, and bytes each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with opened(folder) as engine:
            await engine.send(AdmitFleet("bench", "bench", "/b.yaml", name, fleet()))
            await engine.send(StartRun("bench", Payload("go")))
            turns = {one.id: one.turn for one in engine.state("bench").agents.values()}
            for step in range(1, messages):
                said = Payload(f"{step} {TEXT}", len(TEXT))
                sent = [
                    engine.send(RecordStep("bench", turn, step, said, (), Usage(10, 5)))
                    for turn in turns.values()
                ]
                await asyncio.gather(*sent)
            for turn in turns.values():
                await engine.send(FinishTurn("bench", turn, Payload("done")))
        before = size_of(folder)
        async with opened(folder) as engine:
            agents = list(engine.state("bench").agents.values())
            assert {len(one.transcript) for one in agents} == {messages}

            async def mark(number: int) -> None:
                await engine.send(MakeCheckpoint("bench", agents[number % len(agents)].id))

            # A snapshot that falls due meanwhile is not a checkpoint's cost: take it before.
            while await since_snapshot(engine) > MOST_BEFORE:
                await in_turns(100, at_once, mark)
            rate = await in_turns(COUNT if at_once > 1 else ALONE, at_once, mark)
        return rate, max(size_of(folder) - before, 1) / (COUNT if at_once > 1 else ALONE)


async def peers(messages: int, at_once: int) -> tuple[float, float]:
    """Give LangGraph's checkpoints a second, and bytes each."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    said = [{"role": "assistant", "content": f"{step} {TEXT}"} for step in range(messages)]
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), PEER_COUNT if at_once > 1 else ALONE
        where = str(folder / "peer.db")
        async with AsyncSqliteSaver.from_conn_string(where) as saver:
            await saver.setup()
        before = size_of(folder)
        async with AsyncSqliteSaver.from_conn_string(where) as saver:

            async def put(number: int) -> None:
                config: Any = {
                    "configurable": {"thread_id": f"a{number % AGENTS}", "checkpoint_ns": ""}
                }
                # A new version of the channel each time, as a step of a graph makes it.
                version = f"{number + 1:032}.0"
                whole = {
                    **empty_checkpoint(),
                    "channel_values": {"messages": said},
                    "channel_versions": {"messages": version},
                }
                meta: Any = {"source": "loop", "step": number}
                await saver.aput(config, whole, meta, {"messages": version})

            rate = await in_turns(count, at_once, put)
        return rate, (size_of(folder) - before) / count


async def files() -> float:
    """Give checkpoints a second of a folder in git of which one file changed."""
    with tempfile.TemporaryDirectory() as name:
        repo = Path(name) / "repo"
        repo.mkdir()
        env = {"PATH": os.environ["PATH"], "HOME": name, "GIT_CONFIG_GLOBAL": "/dev/null"}
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")

        def git(*argv: str) -> None:
            subprocess.run(["git", *identity, *argv], cwd=repo, env=env, check=True)

        for number in range(FILES):
            path = repo / f"d{number % 50}" / f"f{number}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{number}\n{TEXT}\n")
        git("init", "-q")
        git("add", "-A")
        git("commit", "-qm", "first")
        places = Places(Path(name) / "state" / "workspaces", os.environ["PATH"], name)
        history = GitHistory(places)
        worktrees = GitWorkspaces(places, history)
        ground = await worktrees.plan("bench", "a", await worktrees.look(str(repo)))
        await worktrees.make("bench", "a", ground, ground.start)
        count, began = 20, time.perf_counter()
        for number in range(count):
            Path(ground.tree, "d0", "f0.py").write_text(f"{number}\n")
            await history.keep("bench", "a", ground, str(number))
        return count / (time.perf_counter() - began)


async def beside(rounds: int, messages: int, at_once: int) -> dict[str, Any]:
    """Measure ours and the peer's in turns."""
    mine: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds):
        mine.append(await ours(messages, at_once))
        theirs.append(await peers(messages, at_once))
    rate, peer_rate = (statistics.median(one for one, _ in some) for some in (mine, theirs))
    held, peer_held = (statistics.median(one for _, one in some) for some in (mine, theirs))
    return {
        "per_second": rate, "peer": "LangGraph SQLite", "peer_per_second": peer_rate,
        "ratio": round(rate / peer_rate, 1), "bytes": round(held),
        "peer_bytes": round(peer_held), "bytes_share": round(held / peer_held, 4),
    }  # fmt: skip


async def measure(rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for messages, (least, share) in GOALS.items():
        found = await beside(rounds, messages, AGENTS)
        met = found["ratio"] >= least and found["bytes_share"] <= share
        results[f"{messages} messages"] = {**found, "goal": least, "met": met}
    results["100, alone"] = await beside(rounds, 100, 1)
    few, many = (results[f"{count} messages"]["per_second"] for count in (100, 1000))
    results["1,000 beside 100"] = {
        "per_second": many, "peer": "at 100", "peer_per_second": few,
        "ratio": round(many / few, 2), "goal": 0.5, "met": many / few >= 0.5,
    }  # fmt: skip
    results["files"] = {"per_second": await files()}
    return {"bench": "checkpoints", "results": results}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.checkpoints", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        import langgraph.checkpoint.sqlite.aio  # noqa: F401 the peer, and nothing of ours
    except ImportError:
        raise SystemExit("the peer is not installed: pip install 'fleettui[bench]'") from None
    print(json.dumps(asyncio.run(measure(options.rounds))))


if __name__ == "__main__":
    main()
