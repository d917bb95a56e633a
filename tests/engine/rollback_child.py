"""A fleet whose agent rolls back and forth, for somebody to kill: `... rollback_child FOLDER`.

It says on stdout, one line each: "ready", then before each rollback "rolling".
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import MakeCheckpoint, OpenFleet, RollBack, StartRun
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.kit import FunctionModel, calls, make_world, says, wait_for

FILES = 60
FLEET = """
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: f}
spec:
  policy: {allow: ["tee *"]}
  agents:
    - name: a
      spec: {model: "openai:t", tools: [run]}
  coordination: {mode: peer}
"""


def script(_request: ModelRequest, step: int) -> ModelReply:
    """Leave a mark in the witness, once a turn."""
    if step == 0:
        return calls("run", argv=["tee", "-a", "../../../../witness"], stdin="done\n")
    return says("done")


def fill(tree: Path, word: str) -> None:
    """Give every file of a worktree other content."""
    for number in range(FILES):
        (tree / f"f{number}").write_text(f"{word} {number}\n" * 200)


async def opened(folder: Path, house: House) -> Session:
    session = house.session("ann")
    path = folder / "fleet.yaml"
    path.write_text(FLEET)
    await session.send(OpenFleet("", str(path), str(folder / "repo"), "", {"OPENED": "1"}))
    return session


async def main(folder: Path) -> None:
    async with (
        SqliteStore.open(folder / "state.db") as store,
        running(make_world(folder, FunctionModel(script), store=store)) as house,
    ):
        session = await opened(folder, house)
        state = house.engine.state("f")
        agent = state.agents["a"]
        await wait_for(session, lambda: agent.files.rolling is None)
        marks = [point for point in agent.checkpoints.values() if point.why in {"old", "new"}]
        if len(marks) < 2:
            run = state.runs[await session.send(StartRun("f", Payload("go")))]
            await wait_for(session, lambda: bool(run.report))
            assert agent.files.ground is not None
            for word in ("old", "new"):
                fill(Path(agent.files.ground.tree), word)
                await session.send(MakeCheckpoint("f", "a", word))
            marks = [point for point in agent.checkpoints.values() if point.why in {"old", "new"}]
        sys.stdout.write("ready\n")
        for point in itertools.cycle(marks):
            sys.stdout.write("rolling\n")
            sys.stdout.flush()
            await session.send(RollBack("f", "a", point.id))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
