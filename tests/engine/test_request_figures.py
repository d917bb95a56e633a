"""What flows' requests leave in the metrics and in the log of requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.flow_kit import FlowWorld, Model, serving
from fleettui.core.commands.requests import DropRequest
from fleettui.core.errors import ModelFailed
from fleettui.core.views.queries import ReadMetrics


def logged(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "requests.log").read_text().splitlines()]


async def numbers(flows: FlowWorld, name: str) -> dict[str, float]:
    rows = await flows.session.read(ReadMetrics())
    return {",".join(row.labels.values()): row.value for row in rows if row.name == name}


async def test_a_request_is_counted_and_logged_once_and_its_run_is_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as flows:
        await flows.deliver("hello")
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        request = flows.request("r1")
        counted = await numbers(flows, "agentflow_requests_total")
        waits = await numbers(flows, "fleettui_queue_wait_seconds")
    assert counted == {"echo,manual,parrot": 1}
    assert set(waits) == {"default"}
    (line,) = logged(tmp_path)
    expected = {
        "tenant": "default", "flow": "echo", "platform": "manual", "channel": "c",
        "agent": "parrot", "action": "hello", "status": "success", "request": "r1",
        "run": request.run, "tokens_used": request.tokens,
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected


async def test_a_request_that_fails_is_counted_with_its_error(tmp_path: Path) -> None:
    model = Model(lambda *_: ModelFailed("no"))
    async with serving(tmp_path, model=model) as flows:
        await flows.deliver("hello")
        await flows.wait(lambda: flows.request("r1").reply == "sent")
        assert flows.request("r1").status == "dead"
        errors = await numbers(flows, "agentflow_errors_total")
    assert errors["echo,failed"] == 1
    assert [line["status"] for line in logged(tmp_path)] == ["failed"]


async def test_what_waits_is_in_the_depth_and_what_is_dropped_in_the_log(tmp_path: Path) -> None:
    model = Model()
    model.gate.clear()
    async with serving(tmp_path, model=model, settings={"most": 1}) as flows:
        for number in range(3):
            await flows.deliver(f"text {number}", str(number))
        await flows.wait(lambda: any(flows.request(f"r{number}").run for number in (1, 2, 3)))
        assert await numbers(flows, "fleettui_queue_depth") == {"default": 2}
        waiting = next(name for name in ("r1", "r2", "r3") if not flows.request(name).run)
        await flows.session.send(DropRequest("default", waiting))
        model.gate.set()
        await flows.wait(lambda: not flows.house.engine.tenant("default").requests.open)
    statuses = {line["request"]: line["status"] for line in logged(tmp_path)}
    assert len(statuses) == 3
    assert statuses[waiting] == "dropped"
