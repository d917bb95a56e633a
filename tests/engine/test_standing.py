"""What a tenant used is the sum of what its events say, whatever happened, also after a restart."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleettui.adapters.memory.bus import MemoryBus
from fleettui.adapters.memory.clock import HandClock
from fleettui.adapters.memory.store import MemoryStore
from fleettui.core.commands import (
    AckMessage,
    AdmitFleet,
    DeliverMessage,
    DropMessage,
    FinishTurn,
    ForkAgent,
    MoveAgent,
    RecordStep,
    RestoreMessage,
    RetryMessage,
    ReturnMessage,
    SendMessage,
    StartRun,
    StopFleet,
)
from fleettui.core.commands.requests import QueueRequest
from fleettui.core.commands.tenants import AdmitTenant
from fleettui.core.errors import QuotaReached, Refused
from fleettui.core.events import Recorded, StepTaken
from fleettui.core.model import Actor, Payload, Usage
from fleettui.core.quota import DAY, day_of
from fleettui.engine.engine import Engine
from fleettui.engine.stream import decode

FLEETS = {"a": ("one@a", "two@a"), "b": ("one@b",)}
QUOTAS: dict[str, Any] = {
    "a": {"quotas": {"queued_messages": 5, "agents": 5, "requests_per_hour": 3}},
    "b": {"quotas": {"queued_messages": 2, "agents": 2, "per_user": {"requests_per_minute": 1}}},
}
STEP = st.tuples(
    st.integers(0, 14), st.sampled_from(["one@a", "two@a", "one@b"]), st.integers(0, 12)
)


def spec() -> dict[str, Any]:
    entries = [{"name": name, "spec": {"model": "openai:m"}} for name in ("x", "y")]
    return {
        "apiVersion": "aof.dev/v1",
        "kind": "AgentFleet",
        "metadata": {"name": "f"},
        "spec": {"agents": entries, "coordination": {"mode": "peer"}},
    }


def command(engine: Engine, what: int, fleet: str, which: int) -> Any:  # noqa: C901 one a thing
    """Give one of the things that happen to a fleet."""
    state = engine.state(fleet)
    agent = ("x", "y")[which % 2]
    turn, message = state.agents["x"].turn, f"{fleet}/{which + 1}"
    match what:
        case 0:
            return AdmitFleet(fleet, "f", "/f", "/ws", spec())
        case 1:
            return StopFleet(fleet)
        case 2 | 3:
            return SendMessage(fleet, agent, Payload("hi"))
        case 4:
            return StartRun(fleet, Payload("go"))
        case 5 | 6:
            step = state.turns[turn].steps + 1 if turn else 1
            cost = None if which == 3 else which / 4
            return RecordStep(fleet, turn, step, Payload("ok"), (), Usage(which, 2, cost))
        case 7:
            return FinishTurn(fleet, turn, Payload("done"))
        case 8:
            return AckMessage(fleet, message)
        case 9:
            return DropMessage(fleet, message)
        case 10:
            return RestoreMessage(fleet, message)
        case 11:
            return DeliverMessage(fleet, message, turn)
        case 12:
            return ReturnMessage(fleet, message, "no")
        case 13:
            return RetryMessage(fleet, message)
    return ForkAgent(fleet, agent, "")


async def ledger(engine: Engine, fleet: str) -> list[Recorded]:
    tenant = fleet.partition("@")[2]
    return [decode(row) async for row in engine.store.read(tenant, fleet)]


async def holds(engine: Engine) -> tuple[Any, ...]:
    """Compare what is counted with the events; gives it."""
    found: list[Any] = []
    for tenant, fleets in FLEETS.items():
        standing = engine.standing(tenant)
        days: dict[int, list[float]] = defaultdict(lambda: [0, 0.0])
        for fleet in fleets:
            for recorded in await ledger(engine, fleet):
                if isinstance(recorded.event, StepTaken):
                    usage = recorded.event.usage
                    days[day_of(recorded.at)][0] += usage.input_tokens + usage.output_tokens
                    days[day_of(recorded.at)][1] += usage.cost or 0.0
        for day, (tokens, cost) in days.items():
            bill = standing.bill(day, day)
            assert bill.input_tokens + bill.output_tokens == tokens
            assert abs(bill.cost - cost) < 1e-9
            found.append((tenant, day, tokens, cost))
        whole = standing.bill(0, 10**6)
        assert whole.input_tokens + whole.output_tokens == sum(one[0] for one in days.values())
        states = [engine.state(fleet) for fleet in fleets]
        waiting = sum(one.waits for state in states for one in state.messages.values())
        # What comes back was never refused.
        assert standing.waiting() == waiting
        agents = sum(len(state.agents) for state in states if not state.stopped)
        assert standing.agents() == agents <= QUOTAS[tenant]["quotas"]["agents"]
        found += [tenant, waiting, agents, sorted(standing.requests(engine.clock.now()))]
    return tuple(found)


def make_engine(store: MemoryStore, clock: HandClock) -> Engine:
    return Engine(store, store, store, MemoryBus(), clock)


async def live(steps: list[tuple[int, str, int]]) -> None:
    store, clock = MemoryStore(), HandClock()
    engine = make_engine(store, clock)
    async with engine.running():
        for tenant, fleets in FLEETS.items():
            await engine.send(AdmitTenant(tenant, QUOTAS[tenant]))
            for fleet in fleets:
                admit = AdmitFleet(fleet, "f", "/f", "/ws", spec())
                await engine.send(admit, Actor("operator", "ann", tenant))
        for what, fleet, which in steps:
            clock.forward((1.0, 70.0, DAY / 3)[which % 3])
            person = Actor("operator", ("ann", "bob")[which % 2], fleet.partition("@")[2])
            try:
                await engine.send(command(engine, what, fleet, which), person)
            except Refused:
                continue
        await engine.wait_committed()
        before = await holds(engine)
    again = make_engine(store, clock)
    async with again.running():
        assert await holds(again) == before


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_used_is_the_sum_of_the_ledger_of_a_tenants_own_fleets(
    steps: list[tuple[int, str, int]],
) -> None:
    asyncio.run(live(steps))


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP.filter(lambda step: step[1] != "one@b"), max_size=40))
def test_whatever_one_tenant_does_the_other_may_as_much_as_before(
    steps: list[tuple[int, str, int]],
) -> None:
    async def alone() -> list[str]:
        store, clock = MemoryStore(), HandClock()
        engine, answers = make_engine(store, clock), []
        async with engine.running():
            await engine.send(AdmitTenant("b", QUOTAS["b"]))
            await engine.send(AdmitTenant("a", QUOTAS["a"]))
            for fleet in ("one@a", "two@a", "one@b"):
                admit = AdmitFleet(fleet, "f", "/f", "/ws", spec())
                await engine.send(admit, Actor("operator", "ann", fleet.partition("@")[2]))
            for what, fleet, which in steps if noisy else ():
                try:
                    asked = command(engine, what, fleet, which)
                    await engine.send(asked, Actor("operator", "ann", "a"))
                except Refused:
                    continue
            ann = Actor("operator", "ann", "b")
            await engine.send(MoveAgent("one@b", "y", "pause"), ann)
            for _ in range(4):
                for asked in (
                    SendMessage("one@b", "y", Payload("hi")),
                    StartRun("one@b", Payload("go")),
                    ForkAgent("one@b", "x", ""),
                ):
                    try:
                        answers.append(await engine.send(asked, ann))
                    except Refused as refusal:
                        answers.append(str(refusal))
        return answers

    noisy = True
    loud = asyncio.run(alone())
    noisy = False
    assert loud == asyncio.run(alone())
    assert any("queued_messages" in answer for answer in loud)


async def test_a_refusal_says_which_quota_and_when_it_is_possible_again() -> None:
    store, clock = MemoryStore(), HandClock(1_764_115_200.0)
    engine = make_engine(store, clock)
    ann, bob = (Actor("operator", name, "b") for name in ("ann", "bob"))
    async with engine.running():
        await engine.send(AdmitTenant("b", QUOTAS["b"]))
        await engine.send(AdmitFleet("one@b", "f", "/f", "/ws", spec()), ann)
        await engine.send(StartRun("one@b", Payload("go")), ann)
        for agent in ("x", "y"):
            turn = engine.state("one@b").agents[agent].turn
            await engine.send(FinishTurn("one@b", turn, Payload("done")))
        clock.forward(20)
        with pytest.raises(QuotaReached) as refusal:
            await engine.send(StartRun("one@b", Payload("go")), ann)
        assert refusal.value.quota == "per_user.requests_per_minute"
        assert refusal.value.again_at == 1_764_115_260.0
        assert str(refusal.value) == (
            "ann gave 1 of 1 tasks in the last minute (quota per_user.requests_per_minute); "
            "again at 00:01 UTC"
        )
        await engine.send(StartRun("one@b", Payload("go")), bob)


async def test_tasks_for_fleets_and_requests_for_flows_are_within_one_bound() -> None:
    store, clock = MemoryStore(), HandClock()
    engine = make_engine(store, clock)
    ann = Actor("operator", "ann", "b")

    def request(key: str, person: str = "") -> QueueRequest:
        return QueueRequest("b", "flow", "webhook", "c", "", Payload("go"), (key,), person=person)

    async with engine.running():
        quotas = {"requests_per_minute": 3, "per_user": {"requests_per_minute": 1}}
        await engine.send(AdmitTenant("b", {"quotas": quotas}))
        await engine.send(AdmitFleet("one@b", "f", "/f", "/ws", spec()), ann)
        await engine.send(StartRun("one@b", Payload("go")), ann)
        with pytest.raises(QuotaReached, match="ann gave 1 of 1 tasks"):
            await engine.send(request("1", "ann"))
        # Strangers are nobody in particular.
        await engine.send(request("2"))
        await engine.send(request("3"))
        with pytest.raises(QuotaReached, match="b gave 3 of 3 tasks"):
            await engine.send(request("4"))
    again = make_engine(store, clock)
    async with again.running():
        with pytest.raises(QuotaReached, match="b gave 3 of 3 tasks"):
            await again.send(request("4"))
