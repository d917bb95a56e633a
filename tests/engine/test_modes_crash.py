"""A crash at every model call of every mode: the run ends the same, and no call is repeated."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.clock import HandClock
from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import StartRun
from fleettui.core.model import ModelReply, ModelRequest, Payload, ToolCall, Usage
from fleettui.core.views.queries import ReadRun
from fleettui.wiring import running
from tests.engine.kit import asked, fleet_of, known, make_world, opened, says, submits, wait_for


@dataclass
class Cut:
    """A model that answers as `reply` does, and stops answering at one call for ever."""

    reply: Any
    at: int = -1
    answered: list[str] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: ModelRequest, on_text: object = None) -> ModelReply:
        if len(self.answered) == self.at:
            self.stopped.set()
            await asyncio.Event().wait()
        # The number of a try is no part of what is asked.
        self.answered.append(request.id.rpartition(".")[0])
        return self.reply(request)


def plain(request: ModelRequest) -> ModelReply:
    return says(f"{request.agent}: {asked(request)[:40]}")


def votes(request: ModelRequest) -> ModelReply:
    return submits("approve", 0.9, request.agent)


def managed(request: ModelRequest) -> ModelReply:
    results = [one.content for one in request.messages if one.role == "tool"]
    if request.agent != "lead":
        return says(f"{request.agent} did it")
    if len(results) >= 3:
        return says(" + ".join(results))
    tasks = (
        [{"worker": "b", "task": "x"}] if results else [{"task": "y"}, {"worker": "b", "task": "z"}]
    )
    made = tuple(ToolCall(f"d{place}", "delegate", task) for place, task in enumerate(tasks))
    return ModelReply("", made, Usage(1, 1, 0.0), "tool_calls")


def deep(request: ModelRequest) -> ModelReply:
    text = asked(request)
    if "Plan the next steps" in text:
        return says('{"goal_met": true}' if "done so far" in text else '["look", "think"]')
    return says("so it is" if "Give the final answer" in text else "found")


THREE: dict[str, Any] = {"a": {}, "b": {}, "c": {}}
MODES: dict[str, tuple[str, str, Any]] = {
    "peer": (fleet_of(THREE, mode="peer", consensus={"algorithm": "majority"}), "go", votes),
    "peer-synthesis": (
        fleet_of(
            {**THREE, "lead": {"role": "manager"}}, mode="peer", aggregation="manager_synthesis"
        ),
        "go",
        plain,
    ),
    "tiered": (
        fleet_of(
            {"a": {"tier": 1}, "b": {"tier": 1}, "c": {"tier": 2}},
            mode="tiered",
            consensus={"algorithm": "majority"},
        ),
        "go",
        votes,
    ),
    "pipeline": (fleet_of(THREE, mode="pipeline"), "go", plain),
    "hierarchical": (
        fleet_of({"lead": {"role": "manager"}, "a": {}, "b": {}}, mode="hierarchical"),
        "go",
        managed,
    ),
    "deep": (fleet_of({"a": {}}, mode="deep"), "go", deep),
    "swarm": (fleet_of(THREE, mode="swarm"), "- one\n- two\n- three\n- four\n- five", plain),
}


async def whole(tmp_path: Path, name: str) -> tuple[Counter[str], str, str]:
    """Give the calls of a run that nothing cuts, how it ended, and its output."""
    text, task, reply = MODES[name]
    model = Cut(reply)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await session.send(StartRun("f", Payload(task)))
        state = house.engine.state("f")
        await wait_for(session, lambda: bool(state.runs[run].report))
        report = await session.read(ReadRun())
        return Counter(model.answered), report.state, report.output


async def cut(folder: Path, name: str, place: int) -> tuple[Counter[str], str, str]:
    """Give the same of a run that is cut at a call, and goes on in a new process's house."""
    text, task, reply = MODES[name]
    first, second = Cut(reply, place), Cut(reply)
    async with SqliteStore.open(folder / "state.db") as store:
        world = make_world(folder, first, store=store)
        async with opened(world, folder, text) as (_, session):
            await session.send(StartRun("f", Payload(task)))
            await first.stopped.wait()
    async with (
        SqliteStore.open(folder / "state.db") as store,
        running(known(make_world(folder, second, store=store))) as house,
    ):
        session, state = house.session("ann"), house.engine.state("f")
        await wait_for(session, lambda: any(run.report for run in state.runs.values()))
        report = await session.read(ReadRun())
    return Counter(first.answered) + Counter(second.answered), report.state, report.output


@pytest.mark.parametrize("name", list(MODES))
async def test_a_cut_run_ends_as_one_that_was_not(tmp_path: Path, name: str) -> None:
    (tmp_path / "whole").mkdir()
    calls, status, output = await whole(tmp_path / "whole", name)
    assert status == "finished"
    for place in range(calls.total()):
        folder = tmp_path / f"cut {place}"
        folder.mkdir()
        both, ended, said = await cut(folder, name, place)
        assert max(both.values()) == 1, f"cut at {place}: a call was repeated"
        assert (ended, both.total()) == (status, calls.total())
        if name not in {"swarm", "hierarchical"}:
            assert said == output


@pytest.mark.parametrize("waits", [0.0, 900.0])
async def test_a_ballot_is_not_over_while_there_was_no_host_or_no_key(
    tmp_path: Path, waits: float
) -> None:
    text, task, reply = MODES["peer"]
    first, second, clock = Cut(reply, 1), Cut(reply), HandClock()
    async with SqliteStore.open(tmp_path / "state.db") as store:
        world = make_world(tmp_path, first, store=store, clock=clock)
        async with opened(world, tmp_path, text) as (_, session):
            await session.send(StartRun("f", Payload(task)))
            await first.stopped.wait()
    clock.forward(3600)
    async with SqliteStore.open(tmp_path / "state.db") as store:
        world = make_world(tmp_path, second, store=store, clock=clock)
        async with running(world) as house:
            session, state = house.session("ann"), house.engine.state("f")
            voters = [state.agents[name] for name in ("b", "c")]
            await wait_for(session, lambda: all(one.status == "waiting" for one in voters))
            clock.forward(waits)
            known(world)
            await wait_for(session, lambda: any(run.report for run in state.runs.values()))
            report = await session.read(ReadRun())
    assert [vote.state for vote in report.votes] == ["cast"] * 3
    assert (report.state, len(second.answered)) == ("finished", 2)
