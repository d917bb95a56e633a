"""What a step says of others: outputs, items and the task, in texts, lists and conditions."""

from __future__ import annotations

from pathlib import Path

from fleettui.core.commands import OpenFleet, StartRun, StopFleet
from fleettui.core.model import Payload
from tests.engine.kit import (
    FunctionModel,
    asked,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
    wait_for,
)
from tests.engine.test_workflow import flow, quiet, states


async def test_a_list_of_items_has_one_output(tmp_path: Path) -> None:
    text = flow(
        {"name": "each", "run": ["echo", "did {item}"], "for_each": ["one", "two"]},
        {"name": "seen", "run": ["echo", "<{steps.each.output}>"], "needs": ["each"],
         "when": "steps.each.output contains 'did two'"},
        {"name": "again", "run": ["echo", "saw {item}"], "for_each": "steps.each.output",
         "needs": ["each"]},
        {"name": "all", "run": ["echo", "{steps.again.output}"], "needs": ["again"]},
        allow=("echo *",),
    )  # fmt: skip
    (tmp_path / "ws").mkdir()
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert states(run)["seen"] == "done"
        output = await run_output(session)
        assert "<did one\ndid two>" in output
        assert "saw did one\nsaw did two" in output


async def test_an_agents_task_has_earlier_outputs_in_it(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: says("x" * 9_000 if not model.requests[1:] else "ok"))
    text = flow(
        {"name": "small", "run": ["echo", "{steps.nobody}"]},
        {"name": "large", "agent": "a", "task": "On {task}: {steps.small.output}",
         "needs": ["small"]},
        {"name": "last", "agent": "a", "task": "Of {steps.large.output}", "needs": ["large"]},
        allow=("echo *",),
    )  # fmt: skip
    (tmp_path / "ws").mkdir()
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        assert (await run_to_end(house, session, "it")).status == "finished"
        assert asked(model.requests[0]).startswith("On it: {steps.nobody}")
        assert asked(model.requests[1]).startswith("Of (the output of large is below)")
        assert "x" * 9_000 in asked(model.requests[1])


async def test_nothing_begins_in_a_stopped_fleet_and_all_goes_on_when_it_is_opened(
    tmp_path: Path,
) -> None:
    text = flow(
        {"name": "one", "run": ["sleep", "0.5"]},
        {"name": "two", "run": ["echo", "two"], "needs": ["one"]},
        allow=("echo *", "sleep *"),
    )
    (tmp_path / "ws").mkdir()
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        name = await session.send(StartRun("f", Payload("go")))
        await session.send(StopFleet("f"))
        await wait_for(session, lambda: "done" in states(state.runs[name]).values())
        assert states(state.runs[name]) == {"one": "done", "two": "waiting"}
        again = OpenFleet("", str(tmp_path / "fleet.yaml"), str(tmp_path / "ws"), "", {"A": "1"})
        await session.send(again)
        await wait_for(session, lambda: state.runs[name].status == "finished")
