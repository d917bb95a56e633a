"""Supervision: one look at 200 agents that each have a program, one of them dying again and again.

look: CPU time of a whole sweep, beside what may be used of the usual 30 seconds between two of them
(2 % of a core); the limit is the peer. In JSON, the median of several rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.processes.keeping import AGENT_MARK
from fleettui.adapters.processes.measures import ProcessMeasures
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import AdmitFleet, FailTurn, RetryTurn, StartRun
from fleettui.core.model import Payload
from fleettui.engine.engine import Engine
from fleettui.engine.pulse import Pulse
from fleettui.engine.supervisor import Supervisor

AGENTS, INTERVAL, SHARE = 200, 30.0, 0.02


def fleet() -> dict[str, object]:
    """Give a fleet of agents without models."""
    entry = {"name": "a", "replicas": AGENTS, "spec": {"type": "worker", "run": ["true"]}}
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "bench"},
        "spec": {
            "agents": [entry],
            "coordination": {"mode": "peer"},
            # Due again at once, for the bench; the share is of the usual interval.
            "health": {"interval": 0.001},
        },
    }


async def looks(rounds: int) -> list[float]:
    """Give the CPU seconds of each sweep."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteStore.open(Path(folder) / "bench.db") as store:
            clock = SystemClock()
            engine = Engine(store, store, store, MemoryBus(), clock)
            async with engine.running():
                await engine.send(AdmitFleet("bench", "bench", "/b.yaml", folder, fleet()))
                await engine.send(StartRun("bench", Payload("go")))
                state = engine.state("bench")
                programs = [
                    await asyncio.create_subprocess_exec(
                        "sleep", "1000", env={**os.environ, AGENT_MARK: f"bench/{agent}"}
                    )
                    for agent in state.agents
                ]
                supervisor = Supervisor(engine, Pulse(clock), ProcessMeasures(), lambda _: False)
                supervisor.catch_up()
                await asyncio.sleep(1.5)
                for _ in range(rounds):
                    turn = next(iter(state.turns.values()))
                    if turn.status == "open":
                        await engine.send(FailTurn("bench", turn.id, "exit 1", crashed=True))
                        await engine.send(RetryTurn("bench", turn.id))
                    began = time.process_time()
                    await supervisor.sweep()
                    found.append(time.process_time() - began)
                for program in programs:
                    program.kill()
                    await program.wait()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sweep", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    ours = statistics.median(asyncio.run(looks(options.rounds))) * 1000
    limit = INTERVAL * SHARE * 1000
    result = {
        "ms": ours, "peer": "2 % of 30 s", "peer_ms": limit, "ratio": round(ours / limit, 3),
        "goal": 1, "met": ours <= limit,
    }  # fmt: skip
    print(json.dumps({"bench": "sweep", "results": {"look": result}}, indent=2))


if __name__ == "__main__":
    main()
