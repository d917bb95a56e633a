"""kill -9 with three tenants at work: nobody loses anything, and nothing changes hands."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from fleettui.adapters.sqlite.auditing import AuditedStore
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.audit import check_chain, check_texts
from fleettui.core.events import MessageQueued, Recorded, StepTaken, VoteCast
from fleettui.engine.stream import decode
from fleettui.wiring import House
from tests.engine.crash_child import answer_all
from tests.engine.test_crash import at_work as is_at_work
from tests.engine.test_crash import check_actions
from tests.seals.crash_child import TENANTS, at_work

ROOT = Path(__file__).parents[2]
FOR_EVER = 10_000_000


def live_and_die(folder: Path, seconds: float) -> list[str]:
    """Let a child work for a while, kill it with SIGKILL, and give what it was told."""
    argv = [sys.executable, "-m", "tests.seals.crash_child", str(folder)]
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
    return [line.split()[1] for line in heard if line.startswith("message ") and line[-1] == "\n"]


async def logs_of(folder: Path) -> dict[str, list[Recorded]]:
    async with SqliteStore.open(folder / "state.db") as store:
        return {
            name: [decode(row) async for row in store.read(name, f"f@{name}")] for name in TENANTS
        }


def check(folder: Path, logs: dict[str, list[Recorded]], acknowledged: set[str]) -> None:
    """Check I1 to I9 for each tenant, on its own log and its own witness."""
    for tenant, log in logs.items():
        mine = {one for one in acknowledged if one.startswith(f"f@{tenant}/")}
        queued = Counter(one.event.message for one in log if isinstance(one.event, MessageQueued))
        assert mine <= set(queued), "an acknowledged message is lost"
        assert set(queued.values()) <= {1}, "a message is there twice"
        assert [one.seq for one in log] == list(range(1, len(log) + 1))
        check_actions(log)
        cast = Counter(
            (one.event.ballot, one.event.vote.voter)
            for one in log
            if isinstance(one.event, VoteCast)
        )
        assert set(cast.values()) <= {1}, "a vote counts twice"
        witness = folder / tenant / "witness"
        marks = Counter(witness.read_text().split()) if witness.exists() else Counter()
        assert set(marks.values()) <= {1}, "a command ran twice"
        assert all(mark.startswith(f"f@{tenant}/") for mark in marks), "in another's folder"
        for one in log:
            for other in TENANTS:
                assert other == tenant or f"f@{other}/" not in repr(one), "of another tenant"
    with closing(sqlite3.connect(folder / "state.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with AuditedStore.open(folder / "state.db") as store:
        for tenant in store.tenants():
            end = store.end(tenant)
            assert check_chain(store.entries(tenant), end).flaw is None
            assert check_texts(store.entries(tenant), store.texts(tenant)) is None
        assert set(TENANTS) <= set(store.tenants())


async def check_counts(house: House, tenant: str) -> None:
    """Check I10: what quotas count is what the log says, summed anew."""
    state, standing = house.engine.state(f"f@{tenant}"), house.engine.standing(tenant)
    await house.engine.wait_committed()
    log = await house.engine.events(state.id, 0, FOR_EVER)
    seen = state.seq
    assert log[-1].seq == seen, "nothing was decided meanwhile"
    used = [one.event.usage for one in log if isinstance(one.event, StepTaken)]
    bill = standing.bill(0, FOR_EVER)
    tokens = sum(one.input_tokens + one.output_tokens for one in used)
    assert bill.input_tokens + bill.output_tokens == tokens
    assert bill.calls == len(used)
    assert standing.waiting() == sum(one.waits for one in state.messages.values())
    assert standing.agents() == len(state.agents) == 3


async def recover(folder: Path) -> None:
    """Open it again, and see everything come to its end."""
    async with at_work(folder) as (house, doors):
        for tenant, door in doors.items():
            state = house.engine.state(f"f@{tenant}")
            async with door.watch() as watch:
                while is_at_work(state):
                    await answer_all(door)
                    if is_at_work(state):
                        await watch.take()
        for tenant in doors:
            await check_counts(house, tenant)


async def lives(folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: set[str] = set()
    for _ in range(kills):
        acknowledged |= set(live_and_die(folder, chance.uniform(0.005, 0.6)))
        check(folder, await logs_of(folder), acknowledged)
    await recover(folder)
    check(folder, await logs_of(folder), acknowledged)
    assert all(any(one.startswith(f"f@{name}/") for one in acknowledged) for name in TENANTS)


@pytest.mark.parametrize("seed", range(3))
async def test_four_kills_mix_nothing_up(tmp_path: Path, seed: int) -> None:
    await lives(tmp_path, 4, seed)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(1000, 1020))
async def test_two_hundred_kills_mix_nothing_up(tmp_path: Path, seed: int) -> None:
    await lives(tmp_path, 10, seed)
