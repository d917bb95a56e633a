"""What a new process finds after the old one was gone: open turns, pending approvals, doubts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import Approve, Deny, MoveAgent, StartRun
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadInbox
from fleettui.wiring import running
from tests.engine.kit import (
    FunctionModel,
    calls,
    fleet_yaml,
    known,
    make_world,
    opened,
    submits,
    wait_for,
)

ONE = fleet_yaml(("a",), consensus="{algorithm: majority}")


def script(_: object, step: int) -> object:
    return calls("run", argv=["touch", "made"]) if step == 0 else submits("approve")


async def test_a_pending_approval_is_still_there_and_the_turn_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, FunctionModel(script), store=store)
        async with opened(world, tmp_path, ONE) as (house, session):
            state = house.engine.state("f")
            await session.send(StartRun("f", Payload("go")))
            await wait_for(session, lambda: state.agents["a"].status == "waiting")
            (before,) = await session.read(ReadInbox())
    async with SqliteStore.open(path) as store:
        model = FunctionModel(script)
        async with running(known(make_world(tmp_path, model, store=store))) as house:
            session = house.session("bob")
            (after,) = await session.read(ReadInbox())
            assert after == before
            state = house.engine.state("f")
            await session.send(Approve("f", after.id, 1, after.action.digest, after.nonce))
            await wait_for(session, lambda: any(run.report for run in state.runs.values()))
            assert (tmp_path / "ws/made").exists()
            assert len(model.requests) == 1, "the first model call was not made again"


async def test_an_action_caught_in_the_middle_is_unknown_and_asks_a_person(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def slow(_: object, step: int) -> object:
        argv = ["sh", "-c", "echo x >> count; sleep 600"]
        return calls("run", argv=argv) if step == 0 else submits("approve")

    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, FunctionModel(slow), store=store)
        async with opened(world, tmp_path, ONE) as (house, session):
            state = house.engine.state("f")
            await session.send(StartRun("f", Payload("go")))
            await wait_for(session, lambda: state.agents["a"].status == "waiting")
            (row,) = await session.read(ReadInbox())
            approve = Approve("f", row.id, 1, row.action.digest, row.nonce, confirmed=True)
            await session.send(approve)
            await wait_for(session, lambda: state.actions[row.id].status == "started")
            while not (tmp_path / "ws/count").exists():
                await asyncio.sleep(0)
    async with SqliteStore.open(path) as store:
        world = known(make_world(tmp_path, FunctionModel(slow), store=store))
        async with running(world) as house:
            session = house.session("bob")
            state = house.engine.state("f")
            await wait_for(session, lambda: state.actions[row.id].status == "unknown")
            (doubt,) = await session.read(ReadInbox())
            assert (doubt.kind, doubt.id) == ("unknown", row.id)
            assert (tmp_path / "ws/count").read_text() == "x\n"
            await session.send(Deny("f", doubt.id, doubt.version, "leave it"))
            await wait_for(session, lambda: any(run.report for run in state.runs.values()))
            assert (tmp_path / "ws/count").read_text() == "x\n"


async def test_a_paused_agent_stays_paused_over_a_restart_and_goes_on_there(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, FunctionModel(lambda *_: submits("approve")), store=store)
        async with opened(world, tmp_path, ONE) as (house, session):
            await session.send(MoveAgent("f", "a", "pause"))
            await session.send(StartRun("f", Payload("go")))
    async with SqliteStore.open(path) as store:
        model = FunctionModel(lambda *_: submits("approve"))
        async with running(known(make_world(tmp_path, model, store=store))) as house:
            session, state = house.session("bob"), house.engine.state("f")
            assert state.agents["a"].status == "paused"
            await session.send(MoveAgent("f", "a", "resume"))
            await wait_for(session, lambda: any(run.report for run in state.runs.values()))
            assert len(model.requests) == 1
