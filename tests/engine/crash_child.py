"""A fleet at work that somebody will kill: `python -m tests.engine.crash_child FOLDER`.

It says on stdout, one line each, what was acknowledged to it: "ready", "message ID".
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import Approve, Deny, OpenFleet, SendMessage, StartRun
from fleettui.core.errors import Refused
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.core.views.queries import ReadInbox
from fleettui.engine import stream
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.kit import FunctionModel, calls, fleet_yaml, make_world, submits

# Snapshots are usual in a long life; a short one shall meet them too.
stream.FEWEST_NEW, stream.TIMES_OPEN = 40, 0
FLEET = fleet_yaml(("a", "b", "c"), consensus="{algorithm: majority, timeout_ms: 600000}")


def script(request: ModelRequest, step: int) -> ModelReply:
    """Write to a neighbour, leave a mark in the witness, one a step, and vote."""
    place = request.id.rsplit(".", 1)[0]
    match step:
        case 0 if request.agent == "a":
            return calls("send_message", to="b", text=f"from {place}")
        case 0 | 1:
            return calls("run", argv=["tee", "-a", "witness"], stdin=f"{place}\n")
        case _:
            return submits("approve")


async def answer_all(session: Session) -> None:
    """Approve what waits; leave alone what nobody knows about."""
    for row in await session.read(ReadInbox()):
        try:
            if row.kind == "action":
                shown = row.action
                yes = Approve(row.fleet, row.id, row.version, shown.digest, row.nonce)
                await session.send(yes)
            elif row.kind == "unknown":
                await session.send(Deny(row.fleet, row.id, row.version, "left as it is"))
        except Refused:
            continue


async def operate(house: House, session: Session) -> None:
    """Do what operators do, for ever: tasks, answers, messages."""
    state, count = house.engine.state("f"), 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        state = house.engine.state("f")
        if state.running() is None:
            # Refused while everybody is still busy with mail.
            with suppress(Refused):
                await session.send(StartRun("f", Payload("go")))
        await answer_all(session)
        count += 1
        to = "abc"[count % 3]
        name = await session.send(SendMessage("f", to, Payload(f"message {count}")))
        sys.stdout.write(f"message {name}\n")
        sys.stdout.flush()


async def main(folder: Path) -> None:
    path = folder / "fleet.yaml"
    path.write_text(FLEET)
    (folder / "ws").mkdir(exist_ok=True)
    async with SqliteStore.open(folder / "state.db") as store:
        world = make_world(folder, FunctionModel(script), store=store)
        async with running(world) as house:
            session = house.session("ann")
            await session.send(OpenFleet("", str(path), str(folder / "ws"), "", {"OPENED": "1"}))
            await operate(house, session)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
