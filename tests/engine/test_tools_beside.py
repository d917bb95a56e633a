"""Tools run beside the loop: a set number at once, the urgent first, and they say how far."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fleettui.adapters.tools.engine_tools import TOOLS as ENGINE
from fleettui.adapters.tools.memory_tools import TOOLS as MEMORY
from fleettui.client import Streamed
from fleettui.core.commands import StartRun
from fleettui.core.model import Payload, Priority
from fleettui.core.spec.known import ENGINE_TOOLS
from fleettui.core.views.queries import ReadAgents
from fleettui.engine.slots import Slots
from tests.engine.kit import (
    FunctionModel,
    calls,
    fleet_yaml,
    make_world,
    opened,
    run_to_end,
    says,
    wait_for,
)

NAMES = tuple("abcdef")


async def test_no_more_tools_run_at_once_than_the_file_says(tmp_path: Path) -> None:
    model = FunctionModel(
        lambda request, step: says("done") if step else calls("run", argv=["sleep", "0.1"])
    )
    more = '  tools_at_once: 2\n  policy: {allow: ["sleep *"]}\n'
    most = 0
    waited: set[str] = set()
    async with opened(make_world(tmp_path, model), tmp_path, fleet_yaml(NAMES, more=more)) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        async with session.watch() as watch:
            run = await session.send(StartRun("f", Payload("go")))
            while not state.runs[run].report:
                await watch.take()
                started = [one for one in state.actions.values() if one.status == "started"]
                most = max(most, len(started))
                rows = await session.read(ReadAgents("f"))
                waited |= {row.step for row in rows if row.step.startswith("waits")}
        assert most == 2
        assert waited == {"waits for 2 running: tool sleep 0.1"}
        assert {one.status for one in state.actions.values()} == {"finished"}
        assert len(state.actions) == len(NAMES)


async def hold(
    slots: Slots, log: list[str], name: str, go: asyncio.Event, priority: Priority = "normal",
    agent: str = "", most: int = 1, own: int = 9,
) -> None:  # fmt: skip
    async with slots.taken("f", agent or name, priority, most, own):
        log.append(name)
        await go.wait()


async def test_the_urgent_go_first_and_else_who_came_first() -> None:
    slots, log, go = Slots(), [], asyncio.Event()
    asked: list[tuple[str, Priority]] = [
        ("first", "low"), ("low", "low"), ("normal", "normal"), ("second", "normal"),
        ("critical", "critical"),
    ]  # fmt: skip
    tasks = [asyncio.create_task(hold(slots, log, name, go, rank)) for name, rank in asked]
    while not log:
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert log == ["first", "critical", "normal", "second", "low"]


async def test_an_agent_at_its_bound_holds_up_nobody_and_a_cancelled_wait_gives_its_place() -> None:
    slots, log, go = Slots(), [], asyncio.Event()
    tasks = [
        asyncio.create_task(hold(slots, log, name, go, agent=agent, most=3, own=1))
        for name, agent in [("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("c1", "c")]
    ]
    while len(log) < 3:
        await asyncio.sleep(0)
    assert log == ["a1", "b1", "c1"]
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    while len(log) < 4:
        await asyncio.sleep(0)
    assert log[3] == "a3"
    go.set()
    await asyncio.gather(*tasks[2:])
    assert slots._fleets == {}


async def test_a_long_tool_says_how_far_it_is_and_nothing_of_it_is_stored(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    pipe = tmp_path / "ws" / "pipe"
    os.mkfifo(pipe)
    model = FunctionModel(
        lambda _, step: says("done") if step else calls("run", argv=["cat", "pipe"])
    )
    more = '  policy: {allow: ["cat *"]}\n'
    world = make_world(tmp_path, model)
    text = fleet_yaml(("a",), more=more)
    async with opened(world, tmp_path, text) as (house, session):
        state = house.engine.state("f")
        said: list[Streamed] = []
        async with session.watch(stream=True) as watch:
            with house.engine.audience("f"):
                run = await session.send(StartRun("f", Payload("go")))
                writing = await asyncio.to_thread(pipe.open, "w")
                writing.writelines(f"line {n}\n" for n in range(3000))
                writing.flush()
                async with asyncio.timeout(20):
                    while not any("3,000 lines" in one.text for one in said):
                        said += [
                            one
                            for one in await watch.take()
                            if isinstance(one, Streamed) and one.action
                        ]
        assert said[-1].text == "28,890 bytes, 3,000 lines: line 2999"
        assert len(said) < 10
        events = len(state.log) + state.seq
        (action,) = state.actions.values()
        assert action.status == "started"
        writing.close()
        await wait_for(session, lambda: bool(state.runs[run].report))
        assert state.seq - events < 10


async def test_a_write_of_a_large_file_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    lines = "".join(f"line {n % 13}\n" for n in range(150_000))
    model = FunctionModel(
        lambda _, step: (
            says("done")
            if step
            else calls("write_file", path="big.txt", content=lines.replace("7", "8"))
        )
    )
    more = '  policy: {allow: ["write_file *"]}\n'
    worst = 0.0
    over = False

    async def watch_loop() -> None:
        nonlocal worst
        loop = asyncio.get_running_loop()
        while not over:
            before = loop.time()
            await asyncio.sleep(0.002)
            worst = max(worst, loop.time() - before - 0.002)

    async with opened(make_world(tmp_path, model), tmp_path, fleet_yaml(("a",), more=more)) as (
        house,
        session,
    ):
        (tmp_path / "ws" / "big.txt").write_text(lines)
        watching = asyncio.create_task(watch_loop())
        await run_to_end(house, session)
        over = True
        await watching
        assert (tmp_path / "ws" / "big.txt").read_text() == lines.replace("7", "8")
        assert worst < 0.25  # 4 ms on a quiet machine; a diff on the loop took seconds


def test_the_table_of_engine_tools_is_what_the_engine_does() -> None:
    assert {tool.spec.name for tool in (*ENGINE, *MEMORY)} == ENGINE_TOOLS
