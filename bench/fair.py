"""Fairness: what a flood of one tenant costs another, and what tenants get; in JSON.

All of it goes through the real engine on SQLite: door, rule, store, bus, dispatch, runtime; only
the model is not asked but answers after LATENCY. quiet: a tenant sends 10 messages a second, one
alone and one while another tenant floods 50,000 to 200 agents, of which MOST_TURNS work at once;
alone and beside are from sending a message until a model is asked for it, slot what of it
is the wait in the fair queue. shares: three tenants of
different plans that always have work, over a minute. memory: 100,000 tickets in the queue. turn:
what the dispatch adds to a turn that nothing is in the way of. wake: from sending a message to a
released agent until its model is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.memory.vault import MemoryVault
from fleettui.adapters.metrics.lines import RotatingLines
from fleettui.adapters.models.recordings import FileRecordings
from fleettui.adapters.processes.measures import ProcessMeasures
from fleettui.adapters.runtimes.llm import LlmRuntime
from fleettui.adapters.sharing.places import SharingPlaces
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.adapters.workspaces.history import GitHistory
from fleettui.adapters.workspaces.merging import GitMerging
from fleettui.adapters.workspaces.places import Places
from fleettui.adapters.workspaces.worktrees import GitWorkspaces
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.core.commands import AdmitFleet, SendMessage
from fleettui.core.fair import WEIGHT, FairQueue, Terms, Ticket
from fleettui.core.model import Actor, ModelReply, ModelRequest, Payload
from fleettui.core.tenancy import fleet_id
from fleettui.wiring import House, World, collect_rarely, running

LATENCY = 0.02
MOST_TURNS = 10
FLOODED, FLOOD, PUBLISHERS, BUSY = 200, 50_000, 64, 100
PLANS = {"small": "free", "middle": "standard", "large": "enterprise"}
TENANTS: dict[str, Any] = {
    **{name: {"plan": plan} for name, plan in PLANS.items()},
    "flood": {"plan": "standard"},
    "quiet": {"plan": "standard"},
}


class PromptModel:
    """Answers after LATENCY; tells who asked."""

    def __init__(self) -> None:
        self.heard: Callable[[ModelRequest], None] = lambda _: None

    async def complete(
        self, request: ModelRequest, _on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        self.heard(request)
        await asyncio.sleep(LATENCY)
        return ModelReply("done")


def fleet(agents: int, **fields: Any) -> dict[str, Any]:
    # Mail that comes meanwhile goes on in the same turn: that is no reason to end it.
    spec = {
        "model": "scripted:/none", "instructions": "work", "workspace": "none",
        "max_iterations": 1000, **fields,
    }  # fmt: skip
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "bench"},
        "spec": {
            "agents": [{"name": f"a{number}", "spec": spec} for number in range(agents)],
            "coordination": {"mode": "peer"},
        },
    }


@asynccontextmanager
async def opened(folder: Path, most: int) -> AsyncIterator[tuple[House, PromptModel]]:
    """Run a house on SQLite in a folder."""
    collect_rarely()
    model = PromptModel()
    toolbox = LocalToolbox({"PATH": "/usr/bin:/bin", "HOME": str(folder)}, b"k" * 32)
    places = Places(folder / "workspaces", "/usr/bin:/bin", str(folder))
    history = GitHistory(places)
    async with SqliteStore.open(folder / "fleettui.db") as store:
        world = World(
            store=store, snapshots=store, blobs=store, bus=MemoryBus(), clock=SystemClock(),
            model=model, toolbox=toolbox, files=toolbox, recordings=FileRecordings(),
            middleware={}, vault=MemoryVault(), specs=YamlSpecs(), tenants=MemoryTenants(TENANTS),
            runtimes={"llm": LlmRuntime()}, memories=SharingPlaces(), measures=ProcessMeasures(),
            workspaces=GitWorkspaces(places, history), history=history,
            merging=GitMerging(places, history), reports=folder / "reports",
            home=folder / "runtimes", most_turns=most,
            request_log=RotatingLines(folder / "requests.log"), redact=lambda text: text,
        )  # fmt: skip
        async with running(world) as house:
            yield house, model
        await toolbox.close()


async def admit(house: House, tenant: str, agents: int, **fields: Any) -> str:
    name = fleet_id(tenant, "bench")
    spec = fleet(agents, **fields)
    admitted = AdmitFleet(name, "bench", f"/{tenant}.yaml", "/tmp", spec)
    await house.engine.send(admitted, person(tenant))
    return name


def person(tenant: str) -> Actor:
    return Actor("operator", "ada", tenant, "admin")


async def quiet(
    house: House, model: PromptModel, fleet: str, messages: int
) -> tuple[list[float], list[float]]:
    """Give the milliseconds from sending to the model, and those for a slot, at 10 a second."""
    waits: list[float] = []
    slots: list[float] = []
    clock = asyncio.get_running_loop().time

    def waited(ticket: Ticket, seconds: float) -> None:
        if ticket.tenant == "quiet":
            slots.append(seconds * 1000)

    house.dispatch.on_wait = waited
    for number in range(messages):
        asked = asyncio.Event()

        def heard(request: ModelRequest, asked: asyncio.Event = asked) -> None:
            if request.id.startswith(f"{fleet}/"):
                asked.set()

        model.heard = heard
        began = clock()
        await house.engine.send(
            SendMessage(fleet, f"a{number % 10}", Payload("hello")), person("quiet")
        )
        await asked.wait()
        waits.append((clock() - began) * 1000)
        await asyncio.sleep(max(0.1 - (clock() - began), 0.0))
    return waits, slots


async def warm(house: House, fleet: str, tenant: str) -> None:
    """Let every agent have had a turn: the first look at a folder takes its time."""
    state = house.engine.state(fleet)
    for agent in list(state.agents):
        await house.engine.send(SendMessage(fleet, agent, Payload("hello")), person(tenant))
    while any(agent.turns for agent in state.agents.values()):
        await asyncio.sleep(0.05)


async def flood(house: House, fleet: str, numbers: Any) -> None:
    """Send as fast as the store takes it."""
    for number in numbers:
        await house.engine.send(
            SendMessage(fleet, f"a{number % FLOODED}", Payload("m" * 200)), person("flood")
        )


async def flooded(folder: Path, messages: int) -> dict[str, Any]:
    async with opened(folder, MOST_TURNS) as (house, model):
        mine = await admit(house, "quiet", 10)
        other = await admit(house, "flood", FLOODED)
        await warm(house, mine, "quiet")
        await warm(house, other, "flood")
        alone, free = await quiet(house, model, mine, messages)
        numbers = iter(range(FLOOD))
        began = time.perf_counter()
        flooding = [asyncio.create_task(flood(house, other, numbers)) for _ in range(PUBLISHERS)]
        beside, waited = await quiet(house, model, mine, messages)
        left = sum(1 for _ in numbers)
        for task in flooding:
            task.cancel()
        await asyncio.gather(*flooding, return_exceptions=True)
        sent = FLOOD - left
        return {
            "alone": _spread(alone), "beside": _spread(beside),
            "slot_alone": _spread(free), "slot_beside": _spread(waited), "flooded": sent,
            "seconds": round(time.perf_counter() - began, 1),
            "turns_of_flood": len(house.engine.state(other).turns),
        }  # fmt: skip


async def shares(folder: Path, seconds: float) -> dict[str, float]:
    """Give the share of each tenant, all of them always having work."""
    asked: Counter[str] = Counter()
    async with opened(folder, MOST_TURNS) as (house, model):
        names = {await admit(house, tenant, BUSY): tenant for tenant in PLANS}
        for fleet, tenant in names.items():
            await warm(house, fleet, tenant)
        loop = asyncio.get_running_loop()

        def heard(request: ModelRequest) -> None:
            asked[names[request.id.rpartition("/")[0]]] += 1

        model.heard = heard

        async def keep_busy(fleet: str, tenant: str, agent: str) -> None:
            state = house.engine.state(fleet)
            while loop.time() < end:
                if not state.agents[agent].turns:
                    await house.engine.send(
                        SendMessage(fleet, agent, Payload("go on")), person(tenant)
                    )
                await asyncio.sleep(0.05)

        end = loop.time() + seconds
        await asyncio.gather(
            *(
                keep_busy(fleet, tenant, f"a{number}")
                for fleet, tenant in names.items()
                for number in range(BUSY)
            )
        )
    total = sum(asked.values())
    return {tenant: count / total for tenant, count in asked.items()} | {"turns": total}


def memory() -> float:
    """Give the megabytes of 100,000 tickets of 300 tenants."""
    tracemalloc.start()
    queue = FairQueue(lambda _: Terms("standard"))
    for number in range(100_000):
        queue.push(Ticket(f"fleet/{number}", f"t{number % 300}", "normal", float(number)))
    used = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    return used


def turn(rounds: int = 200_000) -> float:
    """Give the microseconds of a ticket that is admitted at once, and its end."""
    queue = FairQueue(lambda _: Terms("standard"))
    names = [f"fleet/{number}" for number in range(rounds)]
    began = time.perf_counter()
    for name in names:
        queue.admit(Ticket(name, "acme", "normal", 0.0))
        queue.drop(name)
        queue.done(name)
    return (time.perf_counter() - began) / rounds * 1e6


async def wake(folder: Path, rounds: int) -> list[float]:
    """Give the milliseconds from a message to a released agent until its model is asked."""
    waits = []
    async with opened(folder, MOST_TURNS) as (house, model):
        name = await admit(house, "quiet", 10, idle_timeout=0.05)
        agents = house.engine.state(name).agents
        for _ in range(rounds):
            while not all(agent.released for agent in agents.values()):
                await asyncio.sleep(0.01)
            waits += (await quiet(house, model, name, 1))[0]
    return waits


def _spread(waits: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(waits, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "most": round(max(waits), 1)}


def measure(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    for name in ("flood", "shares", "wake"):
        (folder / name).mkdir()
    found = asyncio.run(flooded(folder / "flood", options.messages))
    p99, times = found["beside"]["p99"], found["beside"]["p99"] / found["alone"]["p99"]
    got = asyncio.run(shares(folder / "shares", options.seconds))
    whole = sum(WEIGHT.values())
    errors = {
        tenant: abs(got[tenant] / (WEIGHT[plan] / whole) - 1)  # type: ignore[index] # the plans above
        for tenant, plan in PLANS.items()
    }
    used, cost = memory(), turn()
    woken = _spread(asyncio.run(wake(folder / "wake", 30)))
    slot = found["slot_beside"]["p99"]
    return {
        "quiet": {"ms": p99, **_judged(p99 < 250.0, 250.0), **found},
        "quiet, its slot": {"ms": slot, **_judged(slot < 250.0, 250.0)},
        "quiet, alone": {
            "ms": found["alone"]["p99"], "ratio": round(times, 2), **_judged(times <= 2.0, 2.0)
        },
        "shares": {
            "part": max(errors.values()), **_judged(max(errors.values()) < 0.05, 0.05),
            **{key: round(value, 4) for key, value in got.items()},
        },
        "memory": {"mb": used, **_judged(used < 50.0, 50.0)},
        "turn": {"us": cost, **_judged(cost <= 2.0, 2.0)},
        "wake": {"ms": woken["p99"], **_judged(woken["p99"] < 100.0, 100.0)},
    }  # fmt: skip


def _judged(met: bool, goal: float) -> dict[str, Any]:
    return {"goal": goal, "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100, help="of the quiet tenant, each time")
    parser.add_argument("--seconds", type=float, default=60.0, help="of service for the shares")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default is temporary")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = measure(options, Path(folder))
    print(json.dumps({"bench": "fair", "results": results}, indent=2))


if __name__ == "__main__":
    main()
