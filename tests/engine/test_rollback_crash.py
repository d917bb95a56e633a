"""kill -9 in the middle of a rollback: afterwards it is finished, and nothing was done twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.events import AgentRolledBack
from fleettui.core.views.queries import ReadEvents
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, make_world, wait_for
from tests.engine.repositories import pictured, repository, untouched
from tests.engine.rollback_child import FILES, opened, script

ROOT = Path(__file__).parents[2]


def killed_life(folder: Path, after: float) -> None:
    """Let the child work, and kill it some time after it began to roll back."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": path}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.rollback_child", str(folder)],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        for line in child.stdout:
            if line == "rolling\n":
                break
        killer = threading.Timer(after, child.kill)
        killer.start()
        child.wait()
        killer.cancel()
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_rollback_that_was_killed_is_finished_by_the_next_process(
    tmp_path: Path, seed: int
) -> None:
    draw = random.Random(seed)
    repo = repository(tmp_path / "repo")
    before = untouched(repo)
    for _ in range(4):
        killed_life(tmp_path, draw.uniform(0.0, 0.4))
        async with (
            SqliteStore.open(tmp_path / "state.db") as store,
            running(make_world(tmp_path, FunctionModel(script), store=store)) as house,
        ):
            session = await opened(tmp_path, house)
            agent = house.engine.state("f").agents["a"]
            await wait_for(session, lambda one=agent: one.files.rolling is None)
            events = await session.read(ReadEvents("f", 0, 100_000))
            back = [one.event for one in events if isinstance(one.event, AgentRolledBack)]
            assert agent.files.failed == ""
            ground = agent.files.ground
            assert ground is not None
            tree = Path(ground.tree)
            where = back[-1].checkpoint if back else ""
            word = agent.checkpoints[where].why if back else "new"
            texts = {(tree / f"f{number}").read_text() for number in range(FILES)}
            assert texts == {f"{word} {number}\n" * 200 for number in range(FILES)}
            assert len(pictured(tree)) == FILES + 1
    assert (tmp_path / "state" / "witness").read_text() == "done\n", (
        "a finished call is never run again"
    )
    after = untouched(repo)
    assert (after[0], after[1], after[3:]) == (before[0], before[1], before[3:])
