"""Runs in hierarchical mode: delegation, parallel workers, failures, the manager's end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest, ToolCall, Usage
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

TEAM: dict[str, Any] = {
    "lead": {"role": "manager"},
    "db": {"skills": ["database"]},
    "web": {"skills": ["frontend"]},
}


def delegates(*tasks: dict[str, str]) -> ModelReply:
    made = tuple(ToolCall(f"d{place}", "delegate", dict(task)) for place, task in enumerate(tasks))
    return ModelReply("", made, Usage(1, 1, 0.0), "tool_calls")


def results(request: ModelRequest) -> list[str]:
    return [one.content for one in request.messages if one.role == "tool"]


async def test_the_manager_delegates_sees_the_results_and_concludes(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent != "lead":
            return says(f"{request.agent} did: {asked(request).splitlines()[0]}")
        if step == 0:
            return delegates(
                {"worker": "db", "task": "look at the tables"},
                {"worker": "web", "task": "look at the pages"},
            )
        return says(" and ".join(results(request)))

    model = FunctionModel(script)
    text = fleet_of(TEAM, mode="hierarchical")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "why is it slow")
        assert run.status == "finished"
        assert len(model.requests) == 4
        assert await run_output(session) == (
            "db did: look at the tables and web did: look at the pages"
        )
        assert "why is it slow" in asked(model.requests[1])
        assert "- db (worker) skills: database" in asked(model.requests[0])


async def test_two_workers_work_at_the_same_time(tmp_path: Path) -> None:
    together: list[int] = []
    house_of: list[Any] = []

    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "lead":
            if step == 0:
                return delegates({"worker": "db", "task": "a"}, {"worker": "web", "task": "b"})
            return says("end")
        state = house_of[0].engine.state("f")
        run = state.running()
        together.append(sum(part.kind == "subtask" for part in map(run.parts.get, run.going)))
        return says("ok")

    text = fleet_of(TEAM, mode="hierarchical")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        house_of.append(house)
        await run_to_end(house, session)
        assert max(together) == 2


async def test_a_failed_worker_is_the_managers_to_handle(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "db":
            return ModelFailed("no such table")
        if request.agent == "web":
            return says("web did it")
        if step == 0:
            return delegates({"worker": "db", "task": "try"})
        if step == 1:
            assert "no such table" in results(request)[-1]
            return delegates({"worker": "web", "task": "try"})
        return says(results(request)[-1])

    text = fleet_of(TEAM, mode="hierarchical")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert await run_output(session) == "web did it"


@pytest.mark.parametrize("distribution", ["round-robin", "least-loaded", "skill-based", "sticky"])
async def test_a_worker_is_found_by_skill_and_an_unknown_one_is_refused(
    tmp_path: Path, distribution: str
) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent != "lead":
            return says(f"by {request.agent}")
        if step == 0:
            return delegates({"skill": "frontend", "task": "x"}, {"worker": "nobody", "task": "y"})
        return says("; ".join(results(request)))

    text = fleet_of(TEAM, mode="hierarchical", distribution=distribution)
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert await run_output(session) == (
            "by web; There is no worker 'nobody'; there are: db, web."
        )


async def test_a_dead_manager_fails_the_run_and_what_was_done_is_kept(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "lead":
            return delegates({"worker": "db", "task": "x"}) if step == 0 else ModelFailed("gone")
        return says("the tables are fine")

    text = fleet_of(TEAM, mode="hierarchical")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert (run.status, run.reason) == ("failed", "the manager lead failed: gone")
        assert await run_output(session) == "the tables are fine"


async def test_rounds_of_the_manager_are_bounded(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        if request.agent == "lead":
            return delegates({"worker": "db", "task": "again"})
        return says("done")

    team = {**TEAM, "lead": {"role": "manager", "spec": {"max_iterations": 3}}}
    model = FunctionModel(script)
    text = fleet_of(team, mode="hierarchical")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "failed"
        assert [request.agent for request in model.requests].count("lead") == 3


async def test_more_sub_tasks_than_workers_wait_by_priority(tmp_path: Path) -> None:
    order: list[str] = []

    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "lead":
            if step == 0:
                return delegates(
                    {"task": "first"},
                    {"task": "later", "priority": "low"},
                    {"task": "sooner", "priority": "critical"},
                )
            return says("end")
        order.append(asked(request).splitlines()[0])
        return says("ok")

    team = {"lead": {"role": "manager"}, "db": {}}
    text = fleet_of(team, mode="hierarchical")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert order == ["sooner", "first", "later"]
