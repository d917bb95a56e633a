"""Fleets that steps of a workflow open: circles, time that is up, cancelling, restarts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import CancelRun, OpenFleet, StartRun, StopFleet
from fleettui.core.model import Payload
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, make_world, opened, run_to_end, says, wait_for

HEAD = {"apiVersion": "aof.dev/v1", "kind": "AgentFleet"}


def flow(name: str, *steps: dict[str, Any]) -> str:
    spec = {"agents": [], "coordination": {"mode": "workflow"}, "workflow": {"steps": list(steps)}}
    return json.dumps({**HEAD, "metadata": {"name": name}, "spec": spec})


def gated(tmp_path: Path) -> str:
    """Write a fleet that waits for a person, and give one whose step opens it."""
    (tmp_path / "sub.yaml").write_text(flow("sub", {"name": "gate", "approval": "On?"}))
    return flow("f", {"name": "sub", "fleet": "sub.yaml"})


def quiet() -> FunctionModel:
    return FunctionModel(lambda *_: says("fine"))


async def test_files_that_open_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(flow("other", {"name": "b", "fleet": "fleet.yaml"}))
    text = flow("f", {"name": "a", "fleet": "other.yaml"})
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "failed"
        assert "fleet.yaml waits for this step itself" in run.reason
        assert [one.id for one in house.engine.fleets()] == ["f", "f-a"]


async def test_a_subfleets_run_is_cancelled_when_its_steps_time_is_up(tmp_path: Path) -> None:
    gated(tmp_path)
    text = flow("f", {"name": "sub", "fleet": "sub.yaml", "timeout": "200ms"})
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.reason == "step sub failed: its time was up"
        child = house.engine.state("f-sub").runs["f-sub/1"]
        await wait_for(session, lambda: child.status == "cancelled")


async def test_cancelling_and_stopping_reach_the_subfleet(tmp_path: Path) -> None:
    async with opened(make_world(tmp_path, quiet()), tmp_path, gated(tmp_path)) as (
        house,
        session,
    ):
        engine = house.engine
        name = await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: any(s.id == "f-sub" and s.runs for s in engine.fleets()))
        child = engine.state("f-sub")
        assert child.runs["f-sub/1"].by == "ann"
        await session.send(CancelRun("f", name))
        await wait_for(session, lambda: child.runs["f-sub/1"].status == "cancelled")
        await session.send(StopFleet("f"))
        await wait_for(session, lambda: child.stopped)


async def test_a_subfleet_gets_its_settings_when_the_file_is_opened_again(tmp_path: Path) -> None:
    sub = {
        **HEAD,
        "metadata": {"name": "sub"},
        "spec": {
            "agents": [{"name": "b", "spec": {"model": "openai:test"}}],
            "coordination": {"mode": "peer"},
        },
    }
    (tmp_path / "sub.yaml").write_text(json.dumps(sub))
    text = flow("f", {"name": "sub", "fleet": "sub.yaml"})
    hung = asyncio.Event()

    async def hang() -> None:
        hung.set()
        await asyncio.Event().wait()

    class Hanging:
        async def complete(self, *_: Any) -> Any:
            await hang()

        async def close(self) -> None:
            """Nothing to close."""

    path = tmp_path / "state.db"
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, Hanging(), store=store)
        async with opened(world, tmp_path, text) as (_, session):
            await session.send(StartRun("f", Payload("go")))
            await asyncio.wait_for(hung.wait(), 20)
    model = FunctionModel(lambda request, _: says(request.environment["OPENED"]))
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, model, store=store)
        async with running(world) as house:
            session, state = house.session("bob"), house.engine.state("f")
            again = OpenFleet(
                "", str(tmp_path / "fleet.yaml"), str(tmp_path / "ws"), "", {"OPENED": "twice"}
            )
            await session.send(again)
            await wait_for(session, lambda: bool(state.runs["f/1"].report))
            assert state.runs["f/1"].status == "finished"
            assert next(iter(state.runs["f/1"].parts.values())).output.head == "twice"
