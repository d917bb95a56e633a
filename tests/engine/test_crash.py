"""kill -9 in full flight: what was acknowledged is there, and nothing was done twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.events import (
    ActionApproved,
    ActionAsked,
    ActionDenied,
    ActionFinished,
    ActionLost,
    ActionProposed,
    ActionStarted,
    MessageQueued,
    Recorded,
    VoteCast,
)
from fleettui.core.state.fleet import FleetState
from fleettui.core.views.queries import ReadInbox
from fleettui.engine.stream import decode
from fleettui.wiring import running
from tests.engine.crash_child import answer_all, script
from tests.engine.kit import FunctionModel, known, make_world

ROOT = Path(__file__).parents[2]


def live_and_die(folder: Path, seconds: float) -> list[str]:
    """Let a child work for a while, kill it with SIGKILL, and give what it was told."""
    argv = [sys.executable, "-m", "tests.engine.crash_child", str(folder)]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        heard = [child.stdout.readline()]
        killing = threading.Timer(seconds, child.send_signal, [signal.SIGKILL])
        killing.start()
        heard += child.stdout.readlines()
        child.wait()
        killing.cancel()
    assert heard[0] == "ready\n"
    # The last line may have been cut by the kill.
    return [line.split()[1] for line in heard if line.startswith("message ") and line[-1] == "\n"]


async def log_of(folder: Path) -> list[Recorded]:
    async with SqliteStore.open(folder / "state.db") as store:
        return [decode(row) async for row in store.read("default", "f")]


def check(folder: Path, log: list[Recorded], acknowledged: set[str]) -> None:
    """Check the invariants I1 to I8 on the log, and on the witness outside of it."""
    queued = Counter(one.event.message for one in log if isinstance(one.event, MessageQueued))
    assert acknowledged <= set(queued), "an acknowledged message is lost"
    assert set(queued.values()) <= {1}, "a message is there twice"
    assert [one.seq for one in log] == list(range(1, len(log) + 1))
    check_actions(log)
    cast = Counter(
        (one.event.ballot, one.event.vote.voter) for one in log if isinstance(one.event, VoteCast)
    )
    assert set(cast.values()) <= {1}, "a vote counts twice"
    witness = folder / "ws" / "witness"
    marks = Counter(witness.read_text().split()) if witness.exists() else Counter()
    assert set(marks.values()) <= {1}, "a command ran twice"
    with closing(sqlite3.connect(folder / "state.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def check_actions(log: list[Recorded]) -> None:
    """Check that what asked began once, after its approval, and that no answer was turned round."""
    asked: set[str] = set()
    digests: dict[str, str] = {}
    approved: set[str] = set()
    over: set[str] = set()
    started: set[str] = set()
    for one in log:
        match one.event:
            case ActionProposed(action=name, digest=digest):
                assert name not in digests, "an action changed under its name"
                digests[name] = digest
            case ActionAsked(action=name):
                asked.add(name)
            case ActionApproved(action=name):
                assert name not in over, "approved after its end"
                approved.add(name)
            case ActionDenied(action=name):
                assert name not in over, "denied after its end"
                over.add(name)
            case ActionStarted(action=name):
                assert name not in started, "started twice"
                assert name not in over, "started after its end"
                assert name not in asked or name in approved, "started without its approval"
                started.add(name)
            case ActionFinished(action=name) | ActionLost(action=name):
                assert name in started
                if isinstance(one.event, ActionFinished):
                    over.add(name)
            case _:
                pass


async def recover(folder: Path) -> None:
    """Reopen, answer what waits, and see every open turn and the run come to their end."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore.open(folder / "state.db"))
        world = known(make_world(folder, FunctionModel(script), store=store))
        house = await stack.enter_async_context(running(world))
        session = house.session("bob")
        state = house.engine.state("f")
        doubts = {row.id for row in await session.read(ReadInbox()) if row.kind == "unknown"}
        for name, action in state.actions.items():
            assert action.status != "unknown" or name in doubts, "a doubt that nobody sees"
        async with session.watch() as watch, asyncio.timeout(60):
            while at_work(state):
                await answer_all(session)
                if at_work(state):
                    await watch.take()


def at_work(state: FleetState) -> bool:
    """Say whether a run, a turn or a message is still on its way."""
    open_turns = any(turn.status == "open" for turn in state.turns.values())
    mail = any(len(box) for box in state.mailboxes.values())
    return state.running() is not None or open_turns or mail


async def lives(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for _ in range(kills):
        acknowledged |= set(live_and_die(folder, chance.uniform(0.005, 0.4)))
        check(folder, await log_of(folder), acknowledged)
    await recover(folder)
    check(folder, await log_of(folder), acknowledged)


@pytest.mark.parametrize("seed", range(10))
async def test_five_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, seed: int) -> None:
    await lives(tmp_path, 5, seed)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(1000, 1100))
async def test_a_thousand_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, seed: int) -> None:
    await lives(tmp_path, 10, seed)
