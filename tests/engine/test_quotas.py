"""Quotas and budgets through the door: what waits, what is refused, who is asked, what goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.clock import HandClock
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.commands import (
    Approve,
    Deny,
    EditAction,
    ForkAgent,
    MakeCheckpoint,
    OpenFleet,
    SendMessage,
    StartRun,
)
from fleettui.core.errors import Forbidden, NotFound, QuotaReached, Stale
from fleettui.core.limits import DAY
from fleettui.core.model import Limits, ModelReply, Payload, Usage
from fleettui.core.views.queries import ReadAgents, ReadBoard, ReadInbox, ReadTenant, ReadTenants
from fleettui.core.views.rows import AgentRow, TenantRow
from fleettui.engine.session import Session
from fleettui.engine.workplace import workplace
from fleettui.ports import Vitals
from fleettui.wiring import House, World, running
from tests.engine.kit import FunctionModel, calls, fleet_yaml, make_world, says, wait_for

# Noon of a day in the middle of a month.
NOON = 1_800_014_400.0 - 1_800_014_400.0 % DAY + DAY / 2
DEAR = ModelReply("done", usage=Usage(60, 40, 1.0))


def world_of(tmp_path: Path, model: Any, acme: dict[str, Any], **parts: Any) -> World:
    members = [{"name": "bob", "role": "operator"}, {"name": "eve", "role": "approver"}]
    tenants = MemoryTenants({"acme": {"members": members, **acme}, "globex": {}})
    return make_world(
        tmp_path, model, tenants=tenants, clock=parts.pop("clock", None) or HandClock(NOON), **parts
    )


async def open_in(house: House, tenant: str, tmp_path: Path, text: str) -> Session:
    path = tmp_path / f"{tenant}.yaml"
    path.write_text(text)
    (tmp_path / "ws").mkdir(exist_ok=True)
    session = house.session("ann", tenant)
    await session.send(OpenFleet("", str(path), str(tmp_path / "ws"), "", {"OPENED": "1"}))
    return session


@asynccontextmanager
async def both(
    tmp_path: Path, world: World, text: str = ""
) -> AsyncIterator[tuple[House, Session, Session]]:
    """Give a house with a fleet of acme and one of globex."""
    async with running(world) as house:
        some = [
            await open_in(house, tenant, tmp_path, text or fleet_yaml(["a", "b"]))
            for tenant in ("acme", "globex")
        ]
        yield house, some[0], some[1]


def is_over(house: House, count: int = 1, fleet: str = "f@acme") -> Callable[[], bool]:
    """Say when so many runs are over."""
    runs = house.engine.state(fleet).runs
    return lambda: sum(run.status != "running" for run in runs.values()) >= count


async def until(
    session: Session, condition: Callable[[Sequence[AgentRow]], bool]
) -> Sequence[AgentRow]:
    """Read agents until something holds that no event tells."""
    async with asyncio.timeout(20):
        while True:
            rows: Sequence[AgentRow] = await session.read(ReadAgents())
            if condition(rows):
                return rows
            await asyncio.sleep(0)


async def row_of(session: Session, name: str = "acme") -> TenantRow:
    rows: Sequence[TenantRow] = await session.read(ReadTenants())
    return next(row for row in rows if row.name == name)


async def test_tokens_of_the_day_let_work_wait_till_midnight_and_go_on(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: DEAR)
    clock = HandClock(NOON)
    world = world_of(tmp_path, model, {"quotas": {"tokens_per_day": 200}}, clock=clock)
    async with both(tmp_path, world) as (house, acme, globex):
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, is_over(house))
        run = await acme.send(StartRun("f", Payload("go")))
        await globex.send(StartRun("f", Payload("go")))
        await wait_for(globex, is_over(house, fleet="f@globex"))
        assert len(model.requests) == 4
        text = "acme used 200 of 200 tokens today; again at 00:00 UTC"
        waits = [row.waits for row in await acme.read(ReadAgents())]
        assert [(one.kind, one.by) for one in waits if one] == [("used_up", text)] * 2
        assert [row.step for row in await acme.read(ReadAgents())] == [f"waits: {text}"] * 2
        assert (await row_of(acme)).used_up == text
        assert (await row_of(globex, "globex")).used_up == ""
    # Also after a restart.
    async with running(world) as house:
        acme = await open_in(house, "acme", tmp_path, fleet_yaml(["a", "b"]))
        assert (await row_of(acme)).used_up == text
        assert len(model.requests) == 4
        clock.at = NOON + DAY / 2
        await wait_for(acme, is_over(house, 2))
        assert house.engine.state("f@acme").runs[run].status == "finished"
        row = await row_of(acme)
        assert (row.tokens_today, row.tokens) == (200, 400)


async def test_no_call_of_a_model_begins_in_a_turn_that_used_up_the_day(tmp_path: Path) -> None:
    def script(_request: Any, step: int) -> ModelReply:
        return calls("run", argv=["true"]) if step < 3 else says("done")

    model, clock = FunctionModel(script), HandClock(NOON)
    world = world_of(tmp_path, model, {"quotas": {"cost_per_day": 0.002}}, clock=clock)
    text = fleet_yaml(["a"], more="  policy:\n    allow: ['run true']\n")
    async with both(tmp_path, world, text) as (_, acme, _):
        await acme.send(StartRun("f", Payload("go")))
        await until(acme, lambda rows: rows[0].waits is not None)
        assert (await row_of(acme)).used_up == "acme spent $0.00 of $0.00 today; again at 00:00 UTC"
        assert len(model.requests) == 2
        clock.at += DAY
        await wait_for(acme, lambda: len(model.requests) == 4)


async def test_calls_of_unknown_price_are_never_free(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: ModelReply("done", usage=Usage(5, 5, None)))
    world = world_of(tmp_path, model, {"quotas": {"cost_per_day": 1}, "budgets": {"day": 1}})
    async with both(tmp_path, world) as (house, acme, _):
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, is_over(house))
        row = await row_of(acme)
        assert row.cost_today is None
        assert {one.name: (one.used, one.exact) for one in row.quotas} == {
            "cost_per_day": (0.0, False), "budgets.day": (0.0, False),
        }  # fmt: skip


async def test_a_task_has_so_many_tokens_and_no_call_more(tmp_path: Path) -> None:
    def script(_request: Any, step: int) -> ModelReply:
        return ModelReply("", calls("run", argv=["true"]).tool_calls, Usage(50, 40, 0.0))

    model = FunctionModel(script)
    world = world_of(tmp_path, model, {"quotas": {"tokens_per_request": 180}})
    text = fleet_yaml(["a"], more="  policy:\n    allow: ['run true']\n")
    async with both(tmp_path, world, text) as (house, acme, _):
        run = await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, is_over(house))
        assert [one.max_tokens for one in model.requests] == [180, 90]
        (turn,) = house.engine.state("f@acme").turns.values()
        assert turn.quota == "tokens_per_request"
        assert turn.reason.startswith("the task used 180 of 180 tokens (quota tokens_per_request)")
        assert house.engine.state("f@acme").runs[run].status == "failed"
        # Mail is a task of its own.
        await acme.send(SendMessage("f", "a", Payload("hello")))
        state = house.engine.state("f@acme")
        await wait_for(acme, lambda: any(m.status == "dead" for m in state.messages.values()))
        assert state.agents["a"].status == "idle"
        assert [one.max_tokens for one in model.requests[2:]] == [180, 90]


async def test_agents_and_messages_are_refused_beyond_what_a_tenant_may(tmp_path: Path) -> None:
    def script(request: Any, step: int) -> ModelReply:
        if request.agent == "a" and step == 0:
            return calls("broadcast", text="psst")
        return says("done")

    model = FunctionModel(script)
    quotas = {"agents": 3, "queued_messages": 1, "concurrent_turns": 1}
    world = world_of(tmp_path, model, {"quotas": quotas})
    text = fleet_yaml(["a", "b", "c"]).replace("send_message]", "send_message, broadcast]")
    async with both(tmp_path, world, text) as (house, acme, globex):
        point = await acme.send(MakeCheckpoint("f", "a"))
        with pytest.raises(QuotaReached, match="acme has 3 of 3 agents"):
            await acme.send(ForkAgent("f", "a", point))
        with pytest.raises(QuotaReached, match=r"3 of 3 agents, and this needs 1 more .quota ag"):
            await open_in(house, "acme", tmp_path, fleet_yaml(["z"]).replace("name: f", "name: g"))
        assert {state.id for state in house.engine.fleets()} == {"f@acme", "f@globex"}
        # The agent is told, in the answer to its call.
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, is_over(house))
        state = house.engine.state("f@acme")
        (told,) = [one.text.head for one in state.agents["a"].transcript if one.kind == "result"]
        assert told.startswith("acme has 0 of 1 messages waiting (quota queued_messages)")
        assert not state.messages
        point = await globex.send(MakeCheckpoint("f", "a"))
        await globex.send(ForkAgent("f", "a", point))


async def test_a_budget_warns_asks_and_is_raised_by_as_much_again(tmp_path: Path) -> None:
    model, clock = FunctionModel(lambda *_: DEAR), HandClock(NOON)
    world = world_of(tmp_path, model, {"budgets": {"day": 2.5, "month": 100}}, clock=clock)
    async with both(tmp_path, world) as (house, acme, globex):
        await acme.send(StartRun("f", Payload("go")))
        tenant = house.engine.tenant("acme")
        await wait_for(house.session("ann"), lambda: "day" in tenant.spending)
        assert (tenant.spending["day"].warned, tenant.spending["day"].asked) == (2.5, 0.0)
        await wait_for(acme, is_over(house))
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(house.session("ann"), lambda: tenant.spending["day"].times == 1)
        assert [row.kind for row in (await globex.read(ReadBoard())).inbox] == []
        assert (await row_of(acme)).needs == 1
    async with running(world) as house:
        acme = await open_in(house, "acme", tmp_path, fleet_yaml(["a", "b"]))
        (item,) = (await acme.read(ReadBoard())).inbox
        assert (item.kind, item.tenant, item.version) == ("budget", "acme", 1)
        assert item.id == "tenant:acme/day-2027-01-15"
        assert "spent" in item.summary
        bob = house.session("ann", "acme", rights_of="bob")
        with pytest.raises(Forbidden, match="needs approver"):
            await bob.send(Approve(item.fleet, item.id, item.version, "", ""))
        with pytest.raises(NotFound):
            await house.session("ann", "globex").send(Approve(item.fleet, item.id, 1, "", ""))
        with pytest.raises(NotFound):
            await acme.send(EditAction(item.fleet, item.id, 1, ("x",)))
        eve = house.session("ann", "acme", rights_of="eve")
        await eve.send(Approve(item.fleet, item.id, item.version, "", ""))
        with pytest.raises(Stale):
            await eve.send(Deny(item.fleet, item.id, item.version))
        await wait_for(acme, is_over(house, 2))
        assert house.engine.tenant("acme").spending["day"].raised == 2.5
        assert await acme.read(ReadInbox()) == ()
        # What is left then is asked about anew, and a no holds until the day is over.
        await acme.send(StartRun("f", Payload("go")))
        tenant = house.engine.tenant("acme")
        await wait_for(house.session("ann"), lambda: tenant.spending["day"].times == 2)
        (item,) = await acme.read(ReadInbox())
        await eve.send(Deny(item.fleet, item.id, item.version, "enough"))
        assert await acme.read(ReadInbox()) == ()
        assert "again at 00:00 UTC (ann left it so)" in (await row_of(acme)).used_up
        clock.at += DAY
        await wait_for(acme, is_over(house, 3))
        (day, month) = (await row_of(acme)).quotas
        assert (day.name, day.most, month.name, month.used) == (
            "budgets.day", 2.5, "budgets.month", 6.0,
        )  # fmt: skip


async def test_a_budget_that_is_raised_in_the_file_asks_nobody_any_more(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: DEAR)
    world = world_of(tmp_path, model, {"budgets": {"month": 2}})
    async with both(tmp_path, world) as (house, acme, _):
        await acme.send(StartRun("f", Payload("go")))
        tenant = house.engine.tenant("acme")
        await wait_for(house.session("ann"), lambda: "month" in tenant.spending)
        assert len(await acme.read(ReadInbox())) == 1
        world.tenants.give({"acme": {"budgets": {"month": 20}}, "globex": {}})  # type: ignore[attr-defined]
        await wait_for(house.session("ann"), lambda: tenant.spec.budgets.month == 20)
        assert await acme.read(ReadInbox()) == ()
        await wait_for(acme, is_over(house))
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, is_over(house, 2))


class Heavy:
    """Measures that say what a test wants."""

    def __init__(self) -> None:
        self.memory = 0

    def measure(self) -> dict[tuple[str, str], Vitals]:
        return {("f@acme", "a"): Vitals(1, self.memory, 1.0)} if self.memory else {}


async def test_programs_of_a_tenant_over_its_memory_let_no_other_begin(tmp_path: Path) -> None:
    def script(_request: Any, step: int) -> ModelReply:
        return calls("run", argv=["true"]) if step == 0 else says("done")

    heavy = Heavy()
    quotas = {"memory": "1GiB", "cpu": 2}
    limits = {"memory": "512MiB", "cpu": 4}
    world = world_of(tmp_path, FunctionModel(script), {"quotas": quotas, "limits": limits})
    world = replace(world, measures=heavy)
    text = fleet_yaml(["a"], more="  policy:\n    allow: ['run true']\n  health: {interval: 1}\n")
    heavy.memory = 2 << 30
    async with both(tmp_path, world, text) as (house, acme, _):
        state, tenant = house.engine.state("f@acme"), house.engine.tenant("acme").spec
        place = workplace(state, "a", "", world.vault, tenant)
        assert place.limits == Limits(512 << 20, 2.0)
        world.clock.forward(60)  # type: ignore[attr-defined]
        await wait_for(acme, lambda: bool(state.alerts))
        (alert,) = state.alerts.values()
        assert alert.text == "programs of acme hold 2,048 of 1,024 MiB (quota memory)"
        await acme.send(StartRun("f", Payload("go")))
        await wait_for(acme, lambda: bool(state.actions))
        (row,) = await until(acme, lambda rows: rows[0].waits is not None)
        assert row.waits is not None
        assert row.waits.by == alert.text
        heavy.memory = 0
        world.clock.forward(60)  # type: ignore[attr-defined]
        await wait_for(acme, is_over(house))
        detail = await acme.read(ReadTenant(tenant="acme"))
        assert [one.name for one in detail.tenant.quotas] == ["memory", "cpu"]


async def test_a_program_waits_for_those_that_began_since_the_last_look(tmp_path: Path) -> None:
    def script(_request: Any, step: int) -> ModelReply:
        return calls("run", argv=["true"]) if step == 0 else says("done")

    heavy = Heavy()
    world = world_of(tmp_path, FunctionModel(script), {"quotas": {"memory": "1GiB"}})
    world = replace(world, measures=heavy)
    # Nothing looks at the agents by itself meanwhile.
    text = fleet_yaml(["a"], more="  policy:\n    allow: ['run true']\n  health: {interval: 1h}\n")
    async with both(tmp_path, world, text) as (house, acme, _):
        heavy.memory = 2 << 30
        world.clock.forward(60)  # type: ignore[attr-defined]
        await acme.send(StartRun("f", Payload("go")))
        (row,) = await until(acme, lambda rows: rows[0].waits is not None)
        assert row.waits is not None
        assert row.waits.by == "programs of acme hold 2,048 of 1,024 MiB (quota memory)"
        heavy.memory = 0
        world.clock.forward(60)  # type: ignore[attr-defined]
        await wait_for(acme, is_over(house))


async def test_a_turn_that_waits_is_none_that_goes_on(tmp_path: Path) -> None:
    model = FunctionModel(lambda *_: says("done"), gate=asyncio.Event())
    world = world_of(tmp_path, model, {"quotas": {"concurrent_turns": 1}})
    async with both(tmp_path, world) as (house, acme, _):
        for agent in ("a", "b"):
            await acme.send(SendMessage("f", agent, Payload("go")))
        await until(acme, lambda rows: any(row.waits for row in rows))
        detail = await acme.read(ReadTenant(tenant="acme"))
        assert (detail.tenant.turns, detail.tenant.turns_quota) == (1, 1)
        assert model.gate is not None
        model.gate.set()
        await wait_for(acme, lambda: all(
            turn.status == "finished" for turn in house.engine.state("f@acme").turns.values()
        ))  # fmt: skip


async def test_a_tenants_idle_timeout_holds_for_agents_whose_file_says_none(tmp_path):
    own_says = "- name: b\n      spec:\n        idle_timeout: 1h"
    text = fleet_yaml(["a", "b"]).replace("- name: b\n      spec:", own_says)
    world = world_of(tmp_path, FunctionModel(lambda *_: says("done")), {})
    async with both(tmp_path, world, text) as (house, acme, _):
        own, other = house.engine.state("f@acme").agents, house.engine.state("f@globex").agents
        # The file of a tenant that is there already says it from now on.
        world.tenants.give({"acme": {"limits": {"idle_timeout": "10m"}}, "globex": {}})  # type: ignore[attr-defined]
        await wait_for(acme, lambda: house.engine.tenant("acme").spec.limits.idle_timeout == 600)
        world.clock.forward(601)  # type: ignore[attr-defined]
        await wait_for(acme, lambda: own["a"].released)
        assert own["a"].why == "released after 10m idle; wakes on a message"
        assert not own["b"].released
        assert not any(agent.released for agent in other.values())
        await acme.send(SendMessage("f", "a", Payload("wake up")))
        turns = house.engine.state("f@acme").turns
        await wait_for(acme, lambda: [one.status for one in turns.values()] == ["finished"])
        assert not own["a"].released
