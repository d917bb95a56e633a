"""A task that is too large for an event reaches the agents of every mode whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleettui.core.model import ModelRequest
from tests.engine.kit import (
    FunctionModel,
    Reply,
    asked,
    fleet_of,
    make_world,
    opened,
    run_to_end,
    says,
    submits,
)

TWO: dict[str, Any] = {"a": {}, "b": {}}
LED: dict[str, Any] = {**TWO, "lead": {"role": "manager"}}
LARGE = "a line of the task\n" * 2_000
MODES = {
    "peer": fleet_of(TWO, mode="peer"),
    "peer that votes": fleet_of(TWO, mode="peer", consensus={"algorithm": "majority"}),
    "peer with a synthesis": fleet_of(LED, mode="peer", aggregation="manager_synthesis"),
    "hierarchical": fleet_of(LED, mode="hierarchical"),
    "pipeline": fleet_of(TWO, mode="pipeline"),
    "swarm": fleet_of(TWO, mode="swarm"),
    "tiered": fleet_of({"a": {"tier": 1}, "b": {"tier": 2}}, mode="tiered"),
    "deep": fleet_of(TWO, mode="deep"),
    "deep without a plan": fleet_of(TWO, mode="deep", deep={"planning": False}),
}


@pytest.mark.parametrize("mode", MODES)
async def test_a_large_task_reaches_every_agent_that_is_asked(tmp_path: Path, mode: str) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        if "Plan the next steps" in asked(request):
            return says('{"goal_met": true}' if "done so far" in asked(request) else '["look"]')
        return submits("approve") if "submit_result" in asked(request) else says("done")

    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, MODES[mode]) as (house, session):
        run = await run_to_end(house, session, LARGE)
        assert run.status == "finished"
        assert model.requests
        assert all(LARGE.strip() in asked(request) for request in model.requests)
