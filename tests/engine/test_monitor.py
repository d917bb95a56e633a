"""Monitors: real processes, files and servers are watched; alerts rise, end and are acted upon."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fleettui.core.commands import MakeCheckpoint, MoveAgent, StartRun, StopFleet
from fleettui.core.errors import ModelFailed, Refused
from fleettui.core.model import Payload
from fleettui.core.spec.watch import read_when
from fleettui.core.views.queries import ReadAgents, ReadAlerts, ReadInbox, ReadLog
from fleettui.engine.session import Session
from fleettui.wiring import House
from tests.engine.kit import FunctionModel, make_world, opened, says, wait_for

NOBODY = FunctionModel(lambda *_: says("hello"))


def watching(*rules: dict[str, Any], **spec: Any) -> str:
    """Give a fleet file (JSON is YAML) of an agent and the monitor of these rules."""
    quick = [{"cooldown": 0.05, **rule} for rule in rules]
    eyes = {"type": "monitor", "interval": 0.1, "watch": quick, **spec}
    coder = {"model": "openai:test", "instructions": "do it"}
    agents = [{"name": "coder", "spec": coder}, {"name": "eyes", "spec": eyes}]
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"},
            "spec": {"agents": agents, "coordination": {"mode": "peer"}},
        }
    )  # fmt: skip


@asynccontextmanager
async def watched(
    tmp_path: Path, *rules: dict[str, Any], model: Any = NOBODY, **spec: Any
) -> AsyncIterator[tuple[House, Session]]:
    async with opened(make_world(tmp_path, model), tmp_path, watching(*rules, **spec)) as both:
        yield both


async def alert(house: House, session: Session, there: bool = True) -> Any:
    """Wait until there is an alert, or none, and give it."""
    state = house.engine.state("f")
    await wait_for(session, lambda: bool(state.alerts) is there)
    rows = await session.read(ReadAlerts("f"))
    return rows[0] if rows else None


async def test_a_process_that_is_not_there_is_an_alert_until_it_is(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    rule = {"name": "up", "process": {"pid_file": "pid"}, "severity": "critical"}
    async with watched(tmp_path, rule) as (house, session):
        row = await alert(house, session)
        assert (row.agent, row.rule, row.severity) == ("eyes", "up", "critical")
        assert "count is 0" in row.text
        eyes = next(one for one in await session.read(ReadAgents("f")) if one.id == "eyes")
        assert (eyes.attention, eyes.alerts, eyes.status) == ("fail", 1, "idle")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
        try:
            (tmp_path / "ws" / "pid").write_text(f"{process.pid}\n")
            assert await alert(house, session, there=False) is None
        finally:
            process.kill()
            await process.communicate()
        assert await alert(house, session)
        kinds = [row.text for row in await session.read(ReadLog("f", "eyes"))]
        assert any(text.startswith("over up") for text in kinds)


async def test_new_lines_of_a_log_over_rotation_truncation_and_absence(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    log = tmp_path / "ws" / "app.log"
    log.write_text("ERROR of yesterday\n")
    rule = {"name": "errors", "log": "app.log", "pattern": "ERROR|FATAL"}
    async with watched(tmp_path, rule) as (house, session):
        state = house.engine.state("f")

        async def writes(how: Callable[[], Any], text: str) -> None:
            """Do something to the file until its line is seen, and then over."""
            how()
            await wait_for(session, lambda: any(text in one.text for one in state.alerts.values()))
            await wait_for(session, lambda: not state.alerts)

        await asyncio.sleep(0.3)
        assert not state.alerts, "what was written before it looked is not news"
        with log.open("a") as file:
            file.write("fine\nERROR one\nERROR two\n")
        await wait_for(session, lambda: bool(state.alerts))
        assert "ERROR one (2 lines)" in next(iter(state.alerts.values())).text
        await wait_for(session, lambda: not state.alerts)
        await writes(lambda: log.write_text("FATAL cut\n"), "FATAL cut")

        def rotate() -> None:
            with log.open("a") as file:
                file.write("ERROR last words\n")
            log.rename(log.with_suffix(".1"))
            log.write_text("fine\n")

        await writes(rotate, "ERROR last words")
        await writes(log.unlink, "is not there") if False else log.unlink()
        await wait_for(
            session, lambda: any("is not there" in one.text for one in state.alerts.values())
        )
        log.write_text("ERROR after\n")
        await wait_for(
            session, lambda: any("ERROR after" in one.text for one in state.alerts.values())
        )


async def test_a_line_made_to_be_slow_is_matched_at_once(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    log = tmp_path / "ws" / "app.log"
    log.write_text("")
    rule = {"name": "slow", "log": "app.log", "pattern": "x*x*x*x*x*x*x*y"}
    async with watched(tmp_path, rule) as (house, session):
        await asyncio.sleep(0.3)
        with log.open("a") as file:
            file.write("x" * 4000 + "\n" + "x" * 30 + "y\n")
        assert await alert(house, session)


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{what}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_pages_and_metrics_of_a_real_server(tmp_path: Path) -> None:
    answers = {"page": (200, "all ok"), "metrics": (200, 'errors_total{code="500"} 1\n')}

    async def handle(request: web.Request) -> web.Response:
        status, text = answers[request.match_info["what"]]
        return web.Response(status=status, text=text)

    async with serving(handle) as address:
        rules = (
            {"name": "page", "url": f"{address}/page", "pattern": "ok"},
            {"name": "status", "url": f"{address}/page"},
            {"name": "count", "metrics": f"{address}/metrics",
             "when": 'errors_total{code="500"} > 10'},
        )  # fmt: skip
        async with watched(tmp_path, *rules) as (house, session):
            state = house.engine.state("f")

            async def raised(*names: str) -> None:
                await wait_for(
                    session, lambda: {one.rule for one in state.alerts.values()} == set(names)
                )

            answers["page"] = (200, "down")
            await raised("page")
            answers["page"] = (503, "ok")
            await raised("status")
            answers["page"] = (200, "ok")
            await raised()
            answers["metrics"] = (200, 'errors_total{code="404"} 99\nerrors_total{code="500"} 11\n')
            await raised("count")


async def test_a_stranger_host_is_not_asked(tmp_path: Path) -> None:
    rule = {"name": "out", "url": "http://169.254.169.254/latest"}
    async with watched(tmp_path, rule) as (house, session):
        state = house.engine.state("f")
        await wait_for(session, lambda: bool(state.agent("eyes").trouble))
        assert "may not ask 169.254.169.254" in state.agent("eyes").trouble


async def test_a_failed_agent_is_restarted_so_often_and_then_a_person_is_asked(
    tmp_path: Path,
) -> None:
    model = FunctionModel(lambda *_: ModelFailed("no such model"))
    rule = {"name": "revive", "agent": "coder", "do": "restart", "at_most": 2, "dwell": 0.05}
    async with watched(tmp_path, rule, model=model) as (house, session):
        state = house.engine.state("f")
        for count in (1, 2):
            await session.send(StartRun("f", Payload("x")))
            tried = partial(len, state.recoveries.setdefault("eyes/revive", []))
            await wait_for(session, lambda tried=tried, count=count: tried() == count)
            assert state.agent("coder").status == "idle"
            assert "eyes (revive)" in state.agent("coder").why
            await wait_for(session, lambda: not state.alerts)
        await session.send(StartRun("f", Payload("x")))
        await wait_for(
            session, lambda: any(one.status == "asking" for one in state.actions.values())
        )
        row = (await session.read(ReadInbox()))[0]
        assert "restart was done 2 times" in row.summary
        assert state.agent("coder").status == "failed"


async def test_an_agent_is_rolled_back_to_its_newest_checkpoint(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: ModelFailed("no such model"))
    rule = {"name": "back", "agent": "coder", "do": "rollback", "dwell": 0.05}
    async with watched(tmp_path, rule, model=model) as (house, session):
        state = house.engine.state("f")
        await session.send(MakeCheckpoint("f", "coder"))
        await session.send(StartRun("f", Payload("x")))
        await wait_for(session, lambda: bool(state.recoveries))
        coder = state.agent("coder")
        assert (coder.status, coder.transcript) == ("idle", [])
        assert any("rolled back" in line.text and "back" in line.text for line in coder.log)


async def test_a_monitor_takes_no_task_and_looks_only_while_it_may(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    rule = {"name": "up", "process": {"pid_file": "pid"}}
    async with watched(tmp_path, rule) as (house, session):
        state = house.engine.state("f")
        await alert(house, session)
        name = await session.send(StartRun("f", Payload("x")))
        await wait_for(session, lambda: state.runs[name].status != "running")
        assert {state.turns[turn].agent for turn in state.runs[name].turns} == {"coder"}
        await session.send(MoveAgent("f", "eyes", "pause"))
        (tmp_path / "ws" / "pid").write_text(str(os.getpid()))
        await asyncio.sleep(0.3)
        assert state.alerts
        await session.send(MoveAgent("f", "eyes", "resume"))
        await wait_for(session, lambda: not state.alerts)
        await session.send(StopFleet("f"))
        await wait_for(session, lambda: state.stopped)
        with pytest.raises(Refused):
            await session.send(StartRun("f", Payload("x")))


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("process", "memory > 1GB", 1e9),
        ("agent", "stalled > 5m", 300.0),
        ("disk", "free < 10%", 10.0),
        ("agent", "state == failed", "failed"),
        ("metrics", 'a_total{b="c", d="e"} >= 1e3', 1000.0),
    ],
)
def test_conditions_are_read(kind: str, text: str, wanted: float | str) -> None:
    assert read_when(kind, text).right == wanted


@pytest.mark.parametrize(
    ("kind", "text"),
    [("process", "cpu"), ("process", "speed > 1"), ("agent", "state > failed"),
     ("metrics", "9x > 1"), ("disk", "free < many"), ("metrics", "a{b} > 1")],
)  # fmt: skip
def test_a_condition_that_makes_no_sense_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|can't be|compared"):
        read_when(kind, text)
