"""Runs in deep mode: plans, steps, plans again, and a conclusion that cites its steps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from fleettui.core.commands import EditPlan, HoldRun, ReleaseRun, ResumeRun, StartRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelRequest, Payload, PlannedStep
from fleettui.core.views.queries import ReadParts
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
    wait_for,
)

ONE: dict[str, Any] = {"detective": {}}
TEAM: dict[str, Any] = {"lead": {"role": "manager"}, "logs": {}, "metrics": {}}


def plan(*steps: str, met: bool = False) -> Reply:
    return says(json.dumps({"goal_met": met, "steps": list(steps)}))


def what(request: ModelRequest) -> str:
    """Say what an agent is asked for: plan, again, step or end."""
    text = asked(request)
    if "Plan the next steps" in text:
        return "again" if "done so far" in text else "plan"
    return "end" if "Give the final answer" in text else "step"


def detective(request: ModelRequest) -> Reply:
    match what(request):
        case "plan":
            return plan("look at the logs", "look at the disk")
        case "again":
            return plan(met=True)
        case "end":
            return says("The disk is full [step 1.2].")
    return says("found: " + asked(request).partition("Step ")[2][:3])


async def test_it_plans_carries_out_plans_again_and_concludes(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: detective(request))
    text = fleet_of(ONE, mode="deep")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "why is it down")
        assert run.status == "finished"
        assert [what(one) for one in model.requests] == ["plan", "step", "step", "again", "end"]
        assert "found: 1.1" in asked(model.requests[-1])
        output = await run_output(session)
        assert output.startswith("The disk is full [step 1.2].")
        assert "- [step 1.2 (detective)] look at the disk" in output


async def test_the_planner_has_its_own_model_and_prompts(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: detective(request))
    rules = {
        "planner_model": "openai:planner",
        "planner_prompt": "plan like a pilot",
        "synthesizer_prompt": "write like a judge",
    }
    text = fleet_of(ONE, mode="deep", deep=rules)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        first, last = model.requests[0], model.requests[-1]
        assert (first.model, first.messages[0].content) == ("openai:planner", "plan like a pilot")
        assert (last.model, last.messages[0].content) == ("openai:test", "write like a judge")


async def test_steps_are_spread_over_the_workers(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: detective(request))
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(TEAM, mode="deep")) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        steps = [one.agent for one in model.requests if what(one) == "step"]
        assert sorted(steps) == ["logs", "metrics"]


async def test_it_stops_after_the_last_iteration_without_another_plan(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return plan("more") if what(request) in {"plan", "again"} else says("x")

    model = FunctionModel(script)
    text = fleet_of(ONE, mode="deep", deep={"max_iterations": 2})
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert [what(one) for one in model.requests] == ["plan", "step", "again", "step", "end"]


async def test_without_planning_an_agents_plain_answer_is_the_output(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: says("forty-two"))
    text = fleet_of(ONE, mode="deep", deep={"planning": False})
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        assert len(model.requests) == 1
        assert await run_output(session) == "forty-two"


async def test_without_memory_a_plan_sees_the_last_iteration_only(tmp_path: Path) -> None:
    plans: list[str] = []

    def script(request: ModelRequest, _: int) -> Reply:
        if what(request) in {"plan", "again"}:
            plans.append(asked(request))
            return plan(f"step of plan {len(plans)}", met=len(plans) == 3)
        return says("found " + asked(request).partition("step of plan ")[2][:1])

    text = fleet_of(ONE, mode="deep", deep={"memory": False})
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert "found 2" in plans[2]
        assert "found 1" not in plans[2]


async def test_without_memory_an_agent_forgets_its_earlier_turns_of_the_run(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        if what(request) in {"plan", "again"}:
            return plan("look", met="Step 2.1" in asked(request))
        return says("found it")

    for memory, most in ((True, 8), (False, 2)):
        model = FunctionModel(script)
        text = fleet_of(ONE, mode="deep", deep={"memory": memory})
        folder = tmp_path / str(memory)
        folder.mkdir()
        async with opened(make_world(folder, model), folder, text) as (house, session):
            await run_to_end(house, session)
            assert max(len(request.messages) for request in model.requests[:4]) == most


async def test_steps_of_single_step_plans_go_round_too(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        if what(request) in {"plan", "again"}:
            return plan("look", met="Step 4.1" in asked(request))
        return says("found it")

    model = FunctionModel(script)
    text = fleet_of({"a": {}, "b": {}, "c": {}}, mode="deep")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        steps = [one.agent for one in model.requests if what(one) == "step"]
        assert steps == ["a", "b", "c", "a"]


async def test_a_goal_that_is_met_at_once_needs_no_step(tmp_path: Path) -> None:
    model = FunctionModel(
        lambda request, _: says("42") if what(request) == "end" else plan(met=True)
    )
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(ONE, mode="deep")) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert (run.status, await run_output(session)) == ("finished", "42")


async def test_a_failed_step_is_told_to_the_planner(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        if what(request) == "step" and "disk" in asked(request):
            return ModelFailed("no such tool")
        return detective(request)

    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(ONE, mode="deep")) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        again = next(one for one in model.requests if what(one) == "again")
        assert "Step 1.2 failed: no such tool" in asked(again)


async def test_a_plan_without_steps_is_asked_for_once_more(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: says("I would rather not."))
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(ONE, mode="deep")) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert len(model.requests) == 2
        assert run.reason == "plan 1 failed: detective gave no steps, asked twice"


async def test_a_person_holds_the_run_changes_the_plan_and_lets_it_go_on(tmp_path: Path) -> None:
    house_of: list[Any] = []

    def script(request: ModelRequest, _: int) -> Reply:
        return detective(request)

    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(ONE, mode="deep")) as (
        house,
        session,
    ):
        house_of.append(house)
        state = house.engine.state("f")
        name = await session.send(StartRun("f", Payload("go")))
        await session.send(HoldRun("f", name))
        run = state.runs[name]
        await wait_for(session, lambda: any(one.status == "done" for one in run.parts.values()))
        await session.send(ReleaseRun("f", name))
        await wait_for(session, lambda: any(one.kind == "step" for one in run.parts.values()))
        await session.send(HoldRun("f", name))
        waiting = [one for one in run.parts.values() if one.status == "waiting"]
        kept = PlannedStep("look at the network", waiting[-1].id)
        await session.send(EditPlan("f", name, (kept, PlannedStep("ask the users"))))
        await session.send(ReleaseRun("f", name))
        await wait_for(session, lambda: bool(run.report))
        steps = [asked(one) for one in model.requests if what(one) == "step"]
        assert any("look at the network" in step for step in steps)
        assert any("ask the users" in step for step in steps)
        assert not any("look at the disk" in step for step in steps)


async def test_a_step_taken_out_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    """What a person did not touch keeps its name and its whole text, however long it is."""
    long = "look at the network " * 40
    gate = asyncio.Event()
    gate.set()

    def script(request: ModelRequest, _: int) -> Reply:
        gate.clear()
        return plan("one", "look at the disk", long, "ask")

    world = make_world(tmp_path, FunctionModel(script, gate=gate))
    async with opened(world, tmp_path, fleet_of(ONE, mode="deep")) as (house, session):
        name = await session.send(StartRun("f", Payload("go")))
        run = house.engine.state("f").runs[name]
        await wait_for(session, lambda: any(one.kind == "step" for one in run.parts.values()))
        await session.send(HoldRun("f", name))
        rows = await session.read(ReadParts("f", name))
        waiting = [row for row in rows if row.kind == "step" and row.state == "waiting"]
        assert [row.text for row in waiting[-2:]] == [long.strip(), "ask"]
        first, *others = waiting
        steps = [PlannedStep(row.text, row.id) for row in others]
        await session.send(EditPlan("f", name, (PlannedStep("", first.id), *steps)))
        states = {row.id: row.state for row in await session.read(ReadParts("f", name))}
        assert states[first.id] == "cancelled"
        assert [states[row.id] for row in others] == ["waiting"] * len(others)
        changed = (*steps[:-1], PlannedStep("ask the users", steps[-1].part))
        await session.send(EditPlan("f", name, changed))
        rows = await session.read(ReadParts("f", name))
        assert [(row.name, row.text) for row in rows if row.state == "waiting"][-1:] == [
            ("1.5", "ask the users")
        ]
        assert {row.id: row.state for row in rows}[steps[0].part] == "waiting"


async def test_a_failed_planner_is_resumed_and_findings_are_kept(tmp_path: Path) -> None:
    broken = [True]

    def script(request: ModelRequest, _: int) -> Reply:
        if what(request) == "again" and broken[0]:
            return ModelFailed("the planner is gone")
        return detective(request)

    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, fleet_of(ONE, mode="deep")) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        assert (run.status, run.reason) == ("failed", "plan 2 failed: the planner is gone")
        assert "found: 1.1" in await run_output(session)
        broken[0] = False
        await session.send(ResumeRun("f", run.id))
        await wait_for(session, lambda: run.status == "finished")
        assert [what(one) for one in model.requests].count("step") == 2
