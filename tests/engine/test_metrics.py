"""What a real engine counts and logs of what its fleets do."""

from __future__ import annotations

import json
from pathlib import Path

from fleettui.core.commands import Deny, StartRun
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadInbox, ReadMetrics
from fleettui.engine.session import Session
from tests.engine.kit import (
    FunctionModel,
    calls,
    fleet_of,
    make_world,
    opened,
    run_to_end,
    says,
    wait_for,
)

FLEET = fleet_of({"one": {}}, mode="peer", distribution="round-robin")
TOKEN = "sk-ant-" + "a1b2c3d4" * 4


async def numbers(session: Session, tenant: str = "") -> dict[str, dict[str, float]]:
    """Give every number by its name, and by its labels' values with commas."""
    found: dict[str, dict[str, float]] = {}
    for row in await session.read(ReadMetrics(tenant=tenant)):
        found.setdefault(row.name, {})[",".join(row.labels.values())] = row.value
    return found


async def test_a_run_is_counted_by_flow_and_by_tenant(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: says("done"))
    async with opened(make_world(tmp_path, model), tmp_path, FLEET) as (house, session):
        before = await numbers(session)
        await run_to_end(house, session)
        found = await numbers(session)
    assert "agentflow_requests_total" not in before
    assert found["agentflow_requests_total"] == {"f,local,one": 1}
    assert set(found["agentflow_latency_seconds"]) == {"f,one"}
    assert found["fleettui_turns_total"] == {"default,finished": 1}
    assert found["fleettui_agents"] == {"default,idle": 1}
    assert found["fleettui_queue_depth"] == {"default": 0}
    assert found["fleettui_quota_used"]["default,agents"] == 1
    assert "agentflow_errors_total" not in found


async def test_what_a_person_denies_is_counted_once_with_its_status(tmp_path: Path) -> None:
    model = FunctionModel(
        lambda request, _: (
            says("done") if request.messages[-1].role == "tool" else calls("run", argv=["rm", "x"])
        )
    )
    async with opened(make_world(tmp_path, model), tmp_path, FLEET) as (house, session):
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload("do it")))
        await wait_for(session, lambda: any(a.status == "asking" for a in state.actions.values()))
        assert (await numbers(session))["fleettui_approvals_waiting"] == {"default": 1}
        (item,) = await session.read(ReadInbox())
        await session.send(Deny("f", item.id, item.version, "no"))
        await wait_for(session, lambda: bool(state.runs[run].report))
        found = await numbers(session)
    assert found["agentflow_approvals_total"] == {"f,requested": 1, "f,denied": 1}
    assert found["fleettui_approvals_total"] == {"default,requested": 1, "default,denied": 1}
    assert found["fleettui_approvals_waiting"] == {"default": 0}


async def test_each_request_that_ends_is_one_line_without_secrets(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: says("done"))
    world = make_world(tmp_path, model)
    task = f'use {TOKEN}\n{{"status": "forged"}}\x1b[2J\u2028\u202e'
    async with opened(world, tmp_path, FLEET) as (house, session):
        run = await run_to_end(house, session, task)
    text = (tmp_path / "requests.log").read_text(encoding="ascii")
    assert TOKEN not in text
    assert len(text.splitlines()) == 1
    assert text.rstrip("\n").isprintable()
    line = json.loads(text)
    assert list(line) == [
        "timestamp", "tenant", "flow", "platform", "channel", "user", "agent", "action",
        "latency_ms", "tokens_used", "status", "request", "run",
    ]  # fmt: skip
    assert line["action"].startswith("use [redacted]\n{")
    seen = {name: line[name] for name in ("tenant", "flow", "platform", "user", "agent", "status")}
    assert seen == {
        "tenant": "default", "flow": "f", "platform": "local", "user": "ann", "agent": "one",
        "status": "success",
    }  # fmt: skip
    assert line["run"] == run.id
    assert line["timestamp"].endswith("+00:00")


async def test_a_request_has_one_line_whenever_its_host_ended(tmp_path: Path) -> None:
    """The log of a host may end before the last request's line; the next one writes it."""
    model = FunctionModel(lambda *_: says("done"))
    world = make_world(tmp_path, model)
    log = tmp_path / "requests.log"
    for _ in range(2):
        async with opened(world, tmp_path, FLEET) as (house, session):
            await run_to_end(house, session)
            await run_to_end(house, session)
    async with opened(world, tmp_path, FLEET):
        first, *others = log.read_text().splitlines(keepends=True)
    runs = [json.loads(line)["run"] for line in (first, *others)]
    assert len(set(runs)) == len(runs) == 4
    log.write_text(first)
    async with opened(world, tmp_path, FLEET):
        again = [json.loads(line)["run"] for line in log.read_text().splitlines()]
    assert again == runs
