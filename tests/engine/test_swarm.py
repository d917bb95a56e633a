"""Runs in swarm mode: items over agents, take-over, failures, and the order of the output."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fleettui.core.errors import ModelFailed, Refused
from fleettui.core.model import ModelRequest
from tests.engine.kit import (
    FunctionModel,
    Reply,
    asked,
    fleet_of,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
)

THREE: dict[str, Any] = {"a": {}, "b": {}, "c": {}}


def item(request: ModelRequest) -> str:
    return asked(request).splitlines()[0].partition(": ")[2]


async def test_every_item_is_done_once_and_merged_in_order(tmp_path: Path) -> None:
    task = "Count the words:\n" + "\n".join(f"- text {number}" for number in range(50))
    model = FunctionModel(lambda request, _: says(f"did {item(request)}"))
    text = fleet_of(THREE, mode="swarm")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, task)
        assert run.status == "finished"
        assert len(model.requests) == 50
        assert "Count the words:" in asked(model.requests[0])
        outputs = [run.parts[given.of].output.head for given in run.output]
        assert outputs == [f"did text {number}" for number in range(50)]
        assert min(Counter(request.agent for request in model.requests).values()) > 10


async def test_a_thousand_items_over_twenty_agents(tmp_path: Path) -> None:
    task = "\n".join(f"{number}. item" for number in range(1000))
    model = FunctionModel(lambda request, _: says("ok"))
    text = fleet_of({"w": {"replicas": 20}}, mode="swarm", distribution="least-loaded")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, task)
        assert run.status == "finished"
        assert len(model.requests) == 1000
        assert len(run.output) == 1000


async def test_an_item_is_worked_on_without_the_others(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: says(f"did {item(request)}"))
    text = fleet_of({"a": {}}, mode="swarm")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session, '["x", "y", "z"]')
        assert [len(request.messages) for request in model.requests] == [2, 2, 2]


async def test_a_failed_item_is_taken_over_by_somebody_else(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return ModelFailed("bad model") if request.agent == "a" else says("ok")

    text = fleet_of({"a": {}, "b": {}}, mode="swarm")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session, "- one\n- two\n- three")
        assert run.status == "finished"
        assert {part.agent for part in run.parts.values()} == {"b"}


async def test_what_nobody_can_do_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return ModelFailed("can't") if item(request) == "two" else says(item(request))

    text = fleet_of({"a": {}, "b": {}}, mode="swarm")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session, "- one\n- two\n- three")
        assert run.status == "finished"
        assert run.reason.startswith("1 of 3 items failed: item 2")
        assert [run.parts[given.of].output.head for given in run.output] == ["one", "three"]


async def test_a_slow_item_is_taken_over_when_its_lease_ends(tmp_path: Path) -> None:
    never = asyncio.Event()

    class Stuck(FunctionModel):
        async def complete(self, request: ModelRequest, on_text: Any = None) -> Any:
            if request.agent == "a" and item(request) == "one":
                await never.wait()
            return await super().complete(request, on_text)

    model = Stuck(lambda request, _: says(f"{request.agent} {item(request)}"))
    text = fleet_of({"a": {}, "b": {}}, mode="swarm", swarm={"lease": 0.3})
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "- one\n- two")
        assert run.status == "finished"
        assert [run.parts[given.of].output.head for given in run.output] == ["b one", "b two"]


async def test_a_manager_splits_a_task_that_is_no_list(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return says('["x", "y"]') if request.agent == "lead" else says(f"did {item(request)}")

    model = FunctionModel(script)
    text = fleet_of({"lead": {"role": "manager"}, **THREE}, mode="swarm")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "do both")
        assert run.status == "finished"
        assert [run.parts[given.of].output.head for given in run.output] == ["did x", "did y"]
        assert "do both" in asked(model.requests[-1])
        assert "did x" in await run_output(session)


async def test_a_rule_makes_items_of_files(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    (workspace / "src").mkdir(parents=True)
    for name in ("src/a.py", "src/b.py", "readme.md"):
        (workspace / name).write_text("x")
    model = FunctionModel(lambda request, _: says(f"did {item(request)}"))
    text = fleet_of(THREE, mode="swarm", split={"files": "**/*.py"})
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "add types")
        outputs = [run.parts[given.of].output.head for given in run.output]
        assert outputs == ["did src/a.py", "did src/b.py"]
        assert "add types" in asked(model.requests[0])


async def test_a_rule_that_fits_no_file_is_refused(tmp_path: Path) -> None:
    text = fleet_of(THREE, mode="swarm", split={"files": "*.rs"})
    model = FunctionModel(lambda *_: says("no"))
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        with pytest.raises(Refused, match=r"no file of .* fits '\*\.rs'"):
            await run_to_end(house, session)
