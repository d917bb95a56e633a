"""Three tenants at work that somebody will kill: `python -m tests.seals.crash_child FOLDER`.

It says on stdout, one line each, what was acknowledged to it: "ready", "message ID".
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import OpenFleet, SendMessage, StartRun
from fleettui.core.errors import Refused
from fleettui.core.model import Payload
from fleettui.engine import stream
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.crash_child import FLEET, answer_all, script
from tests.engine.kit import FunctionModel, make_world

# Names that are each other's beginning.
TENANTS = ("acme", "acme-f", "globex")
# So many tokens that they are counted, and never reached.
SPEC = {"quotas": {"tokens_per_day": 1_000_000_000, "agents": 100, "queued_messages": 1_000_000}}
stream.FEWEST_NEW, stream.TIMES_OPEN = 40, 0


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[tuple[House, dict[str, Session]]]:
    """Open the store and every tenant's fleet, all of the same name and file."""
    path = folder / "fleet.yaml"
    path.write_text(FLEET)
    async with SqliteStore.open(folder / "state.db") as store:
        tenants = MemoryTenants(dict.fromkeys(TENANTS, SPEC))
        world = make_world(folder, FunctionModel(script), store=store, tenants=tenants)
        async with running(world) as house:
            doors = {name: house.session("ann", name) for name in TENANTS}
            for name, door in doors.items():
                (folder / name).mkdir(exist_ok=True)
                opening = OpenFleet("", str(path), str(folder / name), "", {"OPENED": "1"})
                await door.send(opening)
            yield house, doors


async def operate(house: House, tenant: str, session: Session) -> None:
    """Do what operators of a tenant do, for ever: tasks, answers, messages."""
    state, count = house.engine.state(f"f@{tenant}"), 0
    while True:
        if state.running() is None:
            with suppress(Refused):
                await session.send(StartRun("f", Payload(f"go {tenant}")))
        await answer_all(session)
        count += 1
        name = await session.send(SendMessage("f", "abc"[count % 3], Payload(f"{tenant} {count}")))
        sys.stdout.write(f"message {name}\n")
        sys.stdout.flush()


async def main(folder: Path) -> None:
    async with at_work(folder) as (house, doors), asyncio.TaskGroup() as group:
        for name, door in doors.items():
            group.create_task(operate(house, name, door))
        sys.stdout.write("ready\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
