"""A checkpoint of an agent with 100 and with 1,000 messages, durable, beside LangGraph; in JSON.

Ours goes through the door: decided, stored with FULL, answered; one at a time, and the bytes are
what the database grew by. The peer is LangGraph's AsyncSqliteSaver in the same run, told the same
number of messages; it is in the extra `bench`. files: the same with a folder in git, 2,000 files of
which one changed. Each is the median of several rounds, in turns.
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
COUNT = 200
# Times LangGraph's rate and share of its bytes, by the messages of the agent: performance.md.
GOALS = {100: (10.0, 1 / 5), 1000: (30.0, 1 / 5)}
FILES = 2_000


def fleet() -> dict[str, Any]:
    agent = {"name": "a", "spec": {"model": "builtin:review", "tools": ["read_file"]}}
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "bench"},
        "spec": {"agents": [agent], "coordination": {"mode": "peer"}},
    }


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


async def ours(messages: int) -> tuple[float, float]:
    """Give checkpoints a second, and bytes each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with SqliteStore.open(folder / "bench.db") as store:
            engine = Engine(store, store, store, MemoryBus(), SystemClock())
            async with engine.running():
                await engine.send(AdmitFleet("bench", "bench", "/b.yaml", name, fleet()))
                await engine.send(StartRun("bench", Payload("go")))
                turn = engine.state("bench").agents["a"].turn
                for step in range(1, messages):
                    said = Payload(f"{step} {TEXT}", len(TEXT))
                    await engine.send(RecordStep("bench", turn, step, said, (), Usage(10, 5)))
                await engine.send(FinishTurn("bench", turn, Payload("done")))
                assert len(engine.state("bench").agents["a"].transcript) == messages
                before, began = size_of(folder), time.perf_counter()
                for _ in range(COUNT):
                    await engine.send(MakeCheckpoint("bench", "a"))
                took = time.perf_counter() - began
                grown = size_of(folder) - before
                return COUNT / took, max(grown, 1) / COUNT


async def peers(messages: int) -> tuple[float, float]:
    """Give LangGraph's checkpoints a second, and bytes each."""
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    said = [{"role": "assistant", "content": f"{step} {TEXT}"} for step in range(messages)]
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), max(COUNT // 2, 20)
        async with AsyncSqliteSaver.from_conn_string(str(folder / "peer.db")) as saver:
            await saver.setup()
            config: Any = {"configurable": {"thread_id": "a", "checkpoint_ns": ""}}
            before, began = size_of(folder), time.perf_counter()
            for step in range(count):
                # A new version of the channel each time, as a step of a graph makes it.
                version = f"{step + 1:032}.0"
                whole = {
                    **empty_checkpoint(),
                    "channel_values": {"messages": said},
                    "channel_versions": {"messages": version},
                }
                config = await saver.aput(
                    config, whole, {"source": "loop", "step": step}, {"messages": version}
                )
            took = time.perf_counter() - began
            return count / took, (size_of(folder) - before) / count


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


async def measure(rounds: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    rates: dict[int, float] = {}
    for messages, (least, share) in GOALS.items():
        mine: list[tuple[float, float]] = []
        theirs: list[tuple[float, float]] = []
        for _ in range(rounds):
            mine.append(await ours(messages))
            theirs.append(await peers(messages))
        rate, peer_rate = (statistics.median(one for one, _ in some) for some in (mine, theirs))
        held, peer_held = (statistics.median(one for _, one in some) for some in (mine, theirs))
        rates[messages] = rate
        ratio, bytes_share = rate / peer_rate, held / peer_held
        results[f"{messages} messages"] = {
            "per_second": rate, "peer": "LangGraph SQLite", "peer_per_second": peer_rate,
            "ratio": round(ratio, 1), "goal": least, "bytes": round(held),
            "peer_bytes": round(peer_held), "bytes_share": round(bytes_share, 4),
            "met": ratio >= least and bytes_share <= share,
        }  # fmt: skip
    flat = rates[1000] / rates[100]
    results["1,000 beside 100"] = {
        "per_second": rates[1000], "peer": "at 100", "peer_per_second": rates[100],
        "ratio": round(flat, 2), "goal": 0.5, "met": flat >= 0.5,
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
