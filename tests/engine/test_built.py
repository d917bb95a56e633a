"""Agents are built once and used many times."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleettui.adapters.memory.vault import MemoryVault
from fleettui.adapters.runtimes.llm import LlmRuntime
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.commands import OpenFleet
from fleettui.core.views.queries import ReadStats
from fleettui.engine.built import BuiltAgents
from tests.core.houses import Desk
from tests.engine.kit import FunctionModel, fleet_of, make_world, opened, run_to_end, says


class HeldClock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


def cache(clock: HeldClock, most: int = 500) -> BuiltAgents:
    toolbox = LocalToolbox({"PATH": "/usr/bin"}, b"k" * 32)
    return BuiltAgents({"llm": LlmRuntime()}, toolbox, MemoryVault(), clock, most=most)


async def test_a_hundred_who_want_it_at_once_build_it_once() -> None:
    agents, state = cache(HeldClock()), Desk().state
    built = await asyncio.gather(*(agents.get(state, "a") for _ in range(100)))
    assert len({id(one.tools) for one in built}) == 1
    counts = agents.counted(["default"])
    assert (counts.misses, counts.hits) == (1, 99)


async def test_it_is_built_again_after_a_day() -> None:
    clock, state = HeldClock(), Desk().state
    agents = cache(clock)
    await agents.get(state, "a")
    clock.at += 24 * 3600 - 1
    await agents.get(state, "a")
    counts = agents.counted(["default"])
    assert counts.hits == 1
    clock.at += 1
    await agents.get(state, "a")
    counts = agents.counted(["default"])
    assert (counts.expired, counts.misses) == (1, 2)


async def test_the_least_recently_used_goes_first() -> None:
    entries = [{"name": name, "spec": {"model": f"openai:{name}"}} for name in ("a", "b", "c")]
    agents, state = cache(HeldClock(), most=2), Desk(entries=entries).state
    for name in ("a", "b", "a", "c", "a", "b"):
        await agents.get(state, name)
    counts = agents.counted(["default"])
    assert (counts.misses, counts.evicted, counts.kept) == (4, 2, 2)


async def test_an_edit_of_the_file_builds_what_changed_and_nothing_else(tmp_path: Path) -> None:
    three = {name: {"spec": {"instructions": f"be {name}"}} for name in ("a", "b", "c")}
    model = FunctionModel(lambda *_: says("ok"))
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(three, mode="pipeline")) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        await run_to_end(house, session)
        before = (await session.read(ReadStats())).agent_cache
        assert (before.misses, before.hits, before.hit_rate) == (3, 3, 0.5)
        three["b"] = {"spec": {"instructions": "be somebody else"}}
        (tmp_path / "fleet.yaml").write_text(fleet_of(three, mode="pipeline"))
        path, workspace = str(tmp_path / "fleet.yaml"), str(tmp_path / "ws")
        await session.send(OpenFleet("f", path, workspace, "", {"OPENED": "1"}))
        await run_to_end(house, session)
        after = (await session.read(ReadStats())).agent_cache
        assert (after.misses, after.hits) == (4, 5)
