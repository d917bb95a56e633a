"""Runs in pipeline mode: order, outputs handed on, validators, failures and resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fleettui.core.commands import ResumeRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelRequest
from tests.engine.kit import (
    FunctionModel,
    Reply,
    asked,
    calls,
    fleet_of,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
    wait_for,
)

LINE: dict[str, Any] = {"collect": {}, "check": {"role": "validator"}, "write": {}}


async def test_each_stage_gets_the_task_and_the_output_before_it(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def script(request: ModelRequest, _: int) -> Reply:
        seen[request.agent] = asked(request)
        return says(f"<{request.agent}>")

    model = FunctionModel(script)
    text = fleet_of({"one": {}, "two": {}, "three": {}}, mode="pipeline")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "the task")
        assert run.status == "finished"
        assert [request.agent for request in model.requests] == ["one", "two", "three"]
        assert "the task" in seen["three"]
        assert "<two>" in seen["three"]
        assert "<one>" not in seen["three"]
        assert await run_output(session) == "<three>"


async def test_a_large_output_is_handed_on_whole(tmp_path: Path) -> None:
    large = "word " * 20_000
    seen: list[str] = []

    def script(request: ModelRequest, _: int) -> Reply:
        seen.append(asked(request))
        return says(large if request.agent == "one" else "short")

    text = fleet_of({"one": {}, "two": {}}, mode="pipeline")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert large.strip() in seen[1]


async def test_a_validator_sends_work_back_once_with_a_reason(tmp_path: Path) -> None:
    prompts: list[tuple[str, str]] = []

    def script(request: ModelRequest, _: int) -> Reply:
        prompts.append((request.agent, asked(request)))
        if request.agent == "check":
            first = sum(agent == "check" for agent, _ in prompts) == 1
            return says("SEND BACK: the date is missing" if first else "PASS, it is fine now")
        return says(f"{request.agent} {len(prompts)}")

    text = fleet_of(LINE, mode="pipeline")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert [agent for agent, _ in prompts] == ["collect", "check", "collect", "check", "write"]
        assert "the date is missing" in prompts[2][1]
        assert "collect 1" in prompts[2][1]
        assert "collect 3" in prompts[3][1]


async def test_what_a_validator_checked_goes_on_with_its_words(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def script(request: ModelRequest, _: int) -> Reply:
        seen[request.agent] = asked(request)
        return says(f"<{request.agent}>")

    line = {"draft": {}, "facts": {"role": "validator"}, "style": {"role": "validator"}, "send": {}}
    text = fleet_of(line, mode="pipeline")
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        assert len(model.requests) == 4
        assert "<draft>" in seen["style"]
        assert [word in seen["send"] for word in ("<draft>", "<facts>", "<style>")] == [True] * 3


async def test_a_validator_may_use_the_tool_and_a_second_no_stops_the_line(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "check" and step == 0:
            return calls("send_back", reason="still wrong")
        return says("work")

    text = fleet_of(LINE, mode="pipeline")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert run.status == "failed"
        assert run.reason == "stage check failed: sent back a second time: still wrong"
        assert await run_output(session) == "work"


async def test_a_failed_stage_stops_the_line_and_resume_retries_from_it(tmp_path: Path) -> None:
    broken = [True]

    def script(request: ModelRequest, _: int) -> Reply:
        if request.agent == "two" and broken[0]:
            return ModelFailed("the key is wrong")
        return says(f"<{request.agent}>")

    model = FunctionModel(script)
    text = fleet_of({"one": {}, "two": {}, "three": {}}, mode="pipeline")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert (run.status, run.reason) == ("failed", "stage two failed: the key is wrong")
        assert await run_output(session) == "<one>"
        broken[0] = False
        await session.send(ResumeRun("f", run.id))
        await wait_for(session, lambda: run.status == "finished")
        assert [request.agent for request in model.requests] == ["one", "two", "two", "three"]


async def test_a_stage_with_replicas_uses_one_of_them(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: says(request.agent))
    text = fleet_of({"one": {"replicas": 3}, "two": {}}, mode="pipeline")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert len(model.requests) == 2
