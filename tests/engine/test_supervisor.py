"""Supervision in a running house: what dies is restarted, what stands still is found."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
from pathlib import Path

from engine.kit import FunctionModel, fleet_of, make_world, opened, says, wait_for
from fleettui.core.commands import Approve, StartRun
from fleettui.core.errors import AgentDied, ModelFailed
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.core.views.queries import ReadAgents, ReadAlerts, ReadHealth, ReadInbox, ReadStats
from fleettui.ports import Turn, TurnDoor
from fleettui.wiring import World


class Child:
    """A runtime whose agent is a real program: `deaths` of them are killed, or it says nothing."""

    def __init__(self, deaths: dict[str, int], *, silent: str = "") -> None:
        self.deaths, self.silent, self.begun = deaths, silent, dict[str, int]()

    async def perform(self, turn: Turn, _door: TurnDoor) -> str:
        self.begun[turn.agent] = self.begun.get(turn.agent, 0) + 1
        marked = {**os.environ, "FLEETTUI_AGENT": f"f/{turn.agent}"}
        child = await asyncio.create_subprocess_exec("sleep", "1000", env=marked)
        try:
            if turn.agent == self.silent:
                await child.wait()
            if self.deaths.get(turn.agent, 0) >= self.begun[turn.agent]:
                child.send_signal(signal.SIGKILL)
                raise AgentDied(f"its program ended: {await child.wait()}")
            return "done"
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


def world_of(tmp_path: Path, runtime: Child) -> World:
    world = make_world(tmp_path, FunctionModel(lambda _request, _step: says("never asked")))
    return dataclasses.replace(world, runtimes={"child": runtime})


def file_of(agents: str, health: dict[str, object]) -> str:
    text = fleet_of({name: {"spec": {"type": "child"}} for name in agents}, mode="peer")
    data = json.loads(text)
    data["spec"]["health"] = health
    return json.dumps(data)


QUICK = {"backoff": "10ms", "longest": "40ms"}


async def test_an_agent_that_dies_twice_comes_back_and_its_neighbour_never_waits(
    tmp_path: Path,
) -> None:
    runtime = Child({"a": 2})
    text = file_of("ab", {"restarts": QUICK})
    async with opened(world_of(tmp_path, runtime), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: state.runs[run].status == "finished")
        assert runtime.begun == {"a": 3, "b": 1}
        assert not await session.read(ReadAlerts())
        log = [line.text for line in state.agents["a"].log]
        assert [text.split()[0] for text in log if text.startswith("restart")] == ["restart"] * 2
        assert any(text.startswith("over crash") for text in log)


async def test_an_agent_that_always_dies_goes_back_is_given_up_and_asks_once(
    tmp_path: Path,
) -> None:
    runtime = Child({"a": 99})
    text = file_of("ab", {"restarts": QUICK})
    async with opened(world_of(tmp_path, runtime), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: state.runs[run].status != "running")
        assert runtime.begun == {"a": 7, "b": 1}
        assert state.agents["a"].status == "failed"
        (row,) = await session.read(ReadInbox())
        assert (row.kind, row.agent) == ("failed", "a")
        (alert,) = await session.read(ReadAlerts())
        assert (alert.severity, alert.rule) == ("critical", "crash")
        await session.send(Approve("f", row.id, row.version, "", ""))
        assert state.agents["a"].status == "idle"
        assert not await session.read(ReadInbox())


async def test_an_agent_that_stands_still_is_seen_measured_and_restarted(tmp_path: Path) -> None:
    runtime = Child({}, silent="a")
    restarts = {**QUICK, "most": 1, "rollback": False}
    health = {"interval": "50ms", "stalled_after": "300ms", "restarts": restarts}
    text = file_of("a", health)
    async with opened(world_of(tmp_path, runtime), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: "a/stalled/a" in state.alerts)
        (row,) = await session.read(ReadAgents())
        assert row.attention == "stale"
        await wait_for(session, lambda: state.agents["a"].status == "failed")
        assert runtime.begun == {"a": 2}
        looks = await session.read(ReadHealth(agent="a"))
        assert {look.condition for look in looks} >= {"well", "stalled"}
        assert any(look.processes == 1 and look.memory > 0 for look in looks)


async def test_a_provider_that_fails_is_left_alone_and_probed_by_one_call(tmp_path: Path) -> None:
    down = True

    def script(_request: ModelRequest, _step: int) -> ModelReply | ModelFailed:
        return ModelFailed("503", retryable=True) if down else says("well")

    model = FunctionModel(script)
    agents = {f"a{number}": {} for number in range(6)}
    world = make_world(tmp_path, model)
    async with opened(world, tmp_path, fleet_of(agents, mode="peer")) as (_, session):
        await session.send(StartRun("f", Payload("go")))

        async def opened_breaker() -> bool:
            return (await session.read(ReadStats())).providers.get("openai") == "open"

        async with session.watch() as watch:
            while not await opened_breaker():
                async with asyncio.timeout(20):
                    await watch.take()
        calls = len(model.requests)
        assert calls >= 5
        rows = await session.read(ReadAgents())
        assert any("left alone" in row.trouble or "503" in row.trouble for row in rows)
