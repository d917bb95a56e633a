"""Dispatch: how many turns go on at once, for whom, holds, and turns that wait for others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.commands import Approve, CancelRun, OpenFleet, SendMessage, StartRun
from fleettui.core.commands.tenants import HoldAll, ReleaseAll
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadAgents, ReadInbox
from fleettui.wiring import running
from tests.engine.kit import (
    FunctionModel,
    calls,
    fleet_of,
    fleet_yaml,
    make_world,
    opened,
    says,
    wait_for,
)


class GatedModel(FunctionModel):
    """A model that says when it is asked, and answers when it may."""

    def __init__(self, script):
        super().__init__(script, gate=asyncio.Event())
        self.begun = asyncio.Semaphore(0)

    async def complete(self, request, on_text=None):
        self.begun.release()
        return await super().complete(request, on_text)

    async def wait_asked(self, count):
        async with asyncio.timeout(20):
            for _ in range(count):
                await self.begun.acquire()


def statuses(house):
    return [turn.status for turn in house.engine.state("f").turns.values()]


async def mail(house, session, *agents):
    """Send mail to idle agents, and wait until their turns have a slot or wait for one."""
    for agent in agents:
        await session.send(SendMessage("f", agent, Payload("hello")))
    state = house.engine.state("f")
    for turn in [state.agents[agent].turn for agent in agents]:
        async with asyncio.timeout(20):
            while not (house.dispatch.waits(turn) or turn in house.dispatch):
                await asyncio.sleep(0)


async def test_a_host_has_at_most_so_many_turns_and_says_who_waits(tmp_path):
    model = GatedModel(lambda *_: says("done"))
    world = replace(make_world(tmp_path, model), most_turns=2)
    async with opened(world, tmp_path, fleet_yaml(["a", "b", "c", "d"])) as (house, session):
        await mail(house, session, "a", "b", "c", "d")
        await model.wait_asked(2)
        rows = {row.name: row for row in await session.read(ReadAgents())}
        assert rows["a"].waits is None
        assert rows["c"].step == "waits: the host has 2 of 2 turns, 1st in line"
        assert rows["d"].step == "waits: the host has 2 of 2 turns, 2nd in line"
        assert len(model.requests) == 2
        model.gate.set()
        await wait_for(session, lambda: statuses(house) == ["finished"] * 4)


async def test_a_tenant_has_at_most_so_many_turns(tmp_path):
    model = GatedModel(lambda *_: says("done"))
    one = {"default": {"quotas": {"concurrent_turns": 1}}}
    world = make_world(tmp_path, model, tenants=MemoryTenants(one))
    async with opened(world, tmp_path, fleet_yaml(["a", "b"])) as (house, session):
        await mail(house, session, "a", "b")
        await model.wait_asked(1)
        row = next(row for row in await session.read(ReadAgents()) if row.name == "b")
        assert row.step == "waits: default has 1 of 1 turns"
        assert row.waits.kind == "tenant_full"
        model.gate.set()
        await wait_for(session, lambda: statuses(house) == ["finished"] * 2)


async def test_a_hold_lets_what_goes_on_end_and_nothing_begin(tmp_path):
    model = GatedModel(lambda _, step: calls("run", argv=["true"]) if step == 0 else says("done"))
    world = make_world(tmp_path, model)
    rules = "  policy:\n    allow: ['run true']\n"
    async with opened(world, tmp_path, fleet_yaml(["a", "b"], more=rules)) as (house, session):
        await mail(house, session, "a")
        await model.wait_asked(1)
        await house.session("alice").send(HoldAll("default"))
        await mail(house, session, "b")
        model.gate.set()
        state = house.engine.state("f")
        # The call of the model that went on is recorded, and its tool does not begin.
        await wait_for(session, lambda: bool(state.actions))
        rows = {row.name: row for row in await session.read(ReadAgents())}
        assert rows["b"].step == "held by alice"
        assert rows["b"].attention == "pause"
        assert {one.status for one in state.actions.values()} <= {"allowed"}
        assert len(model.requests) == 1
        await house.session("alice").send(ReleaseAll("default"))
        await wait_for(session, lambda: statuses(house) == ["finished"] * 2)


async def test_a_turn_that_waits_for_a_person_gives_its_slot_back(tmp_path):
    model = FunctionModel(
        lambda request, step: (
            calls("run", argv=["touch", "x"])
            if step == 0 and request.agent == "a"
            else says("done")
        )
    )
    world = replace(make_world(tmp_path, model), most_turns=1)
    async with opened(world, tmp_path, fleet_yaml(["a", "b"])) as (house, session):
        await mail(house, session, "a", "b")
        state = house.engine.state("f")
        await wait_for(session, lambda: "finished" in statuses(house))
        (item,) = await session.read(ReadInbox())
        assert state.agents["a"].status == "waiting"
        await session.send(Approve("f", item.id, item.version, item.action.digest, item.nonce))
        await wait_for(session, lambda: statuses(house) == ["finished"] * 2)


async def test_a_turn_that_delegates_or_asks_gives_its_slot_back(tmp_path):
    def script(request, step):
        if request.agent == "boss" and step == 0:
            return calls("ask_agent", to="a", question="how much?")
        return says("done")

    model = FunctionModel(script)
    world = replace(make_world(tmp_path, model), most_turns=1)
    text = fleet_of(
        {"boss": {"spec": {"tools": ["ask_agent"]}}, "a": {"spec": {"tools": []}}}, mode="peer"
    )
    async with opened(world, tmp_path, text) as (house, session):
        await mail(house, session, "boss")
        await wait_for(session, lambda: statuses(house) == ["finished"] * 2)


async def test_urgent_mail_lets_a_turn_that_waits_go_before_others(tmp_path):
    model = GatedModel(lambda *_: says("done"))
    world = replace(make_world(tmp_path, model), most_turns=1)
    async with opened(world, tmp_path, fleet_yaml(["a", "b", "c"])) as (house, session):
        await mail(house, session, "a")
        await model.wait_asked(1)
        await mail(house, session, "b", "c")
        await session.send(SendMessage("f", "c", Payload("now!"), "critical"))
        await wait_for(session, lambda: house.engine.state("f").messages != {})
        model.gate.set()
        await wait_for(session, lambda: statuses(house) == ["finished"] * 3)
        assert [one.agent for one in model.requests] == ["a", "c", "b"]


async def test_the_turns_of_a_run_are_cancelled_in_line_too(tmp_path):
    model = GatedModel(lambda *_: says("done"))
    world = replace(make_world(tmp_path, model), most_turns=1)
    async with opened(world, tmp_path, fleet_yaml(["a", "b", "c"])) as (house, session):
        run = await session.send(StartRun("f", Payload("do it")))
        await model.wait_asked(1)
        await session.send(CancelRun("f", run))
        model.gate.set()
        await mail(house, session, "b")
        await wait_for(session, lambda: statuses(house)[-1] == "finished")
        assert house.dispatch.lookout()("f/1") is None


async def test_a_long_turn_lets_another_tenant_go_first_at_its_safe_points(tmp_path):
    model = GatedModel(
        lambda request, step: (
            calls("run", argv=["true"]) if request.agent == "long" and step < 2 else says("done")
        )
    )
    tenants = MemoryTenants({"x": {}, "y": {}})
    world = replace(make_world(tmp_path, model, tenants=tenants), most_turns=1)
    path = tmp_path / "f.yaml"
    path.write_text(fleet_yaml(["long", "b"], more="  policy:\n    allow: ['run true']\n"))
    async with running(world) as house:
        ann = {name: house.session("ann", name) for name in ("x", "y")}
        for session in ann.values():
            await session.send(OpenFleet("", str(path), str(tmp_path), "", {"OPENED": "1"}))
        await ann["x"].send(SendMessage("f@x", "long", Payload("hello")))
        await ann["x"].send(SendMessage("f@x", "b", Payload("hello")))
        await model.wait_asked(1)
        await ann["y"].send(SendMessage("f@y", "b", Payload("hello")))
        state = house.engine.state("f@y")
        while not house.dispatch.waits(state.agents["b"].turn):
            await asyncio.sleep(0)
        model.gate.set()
        await wait_for(
            ann["y"], lambda: [one.status for one in state.turns.values()] == ["finished"]
        )
        mine = house.engine.state("f@x")
        await wait_for(
            ann["x"], lambda: [one.status for one in mine.turns.values()] == ["finished"] * 2
        )
        # Its own tenant's turns wait until it is over.
        assert [one.agent for one in model.requests] == ["long", "b", "long", "long", "b"]


async def test_an_idle_agent_is_released_and_a_message_wakes_it(tmp_path):
    model = FunctionModel(lambda *_: says("done"))
    text = fleet_of({"a": {"spec": {"idle_timeout": 0.05}}}, mode="peer")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        agent = house.engine.state("f").agents["a"]
        await session.send(SendMessage("f", "a", Payload("remember 42")))
        await wait_for(session, lambda: statuses(house) == ["finished"])
        await wait_for(session, lambda: agent.released)
        (row,) = await session.read(ReadAgents())
        assert row.step == "released after 0.05s idle; wakes on a message"
        await session.send(SendMessage("f", "a", Payload("and now?")))
        await wait_for(session, lambda: statuses(house) == ["finished"] * 2)
        assert "remember 42" in str(model.requests[-1].messages)
