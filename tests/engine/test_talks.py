"""Agents that talk: to all, by topic, by question and answer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import StartRun
from fleettui.core.model import ModelRequest, Payload
from fleettui.core.topics import topic_fits
from fleettui.wiring import running
from tests.engine.kit import (
    FunctionModel,
    Reply,
    asked,
    calls,
    known,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
    wait_for,
)


def talkers(names: str, mode: dict[str, Any], **communication: Any) -> str:
    """Give a fleet of agents with one letter each."""
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1",
            "kind": "AgentFleet",
            "metadata": {"name": "f"},
            "spec": {
                "agents": [{"name": name, "spec": {"model": "openai:test"}} for name in names],
                "coordination": mode,
                "communication": communication,
            },
        }
    )


LED = {"mode": "hierarchical", "manager": "a"}


def told(request: ModelRequest) -> list[str]:
    return [one.content for one in request.messages if one.role in {"user", "tool"}]


async def test_a_broadcast_reaches_every_other_agent_once(tmp_path: Path) -> None:
    heard: list[str] = []

    def script(request: ModelRequest, step: int) -> Reply:
        if "Message to all on news from a" in asked(request):
            heard.append(request.agent)
            return says("heard")
        return calls("broadcast", text="hello") if step == 0 else says("done")

    text = talkers("abc", LED, pattern="broadcast", broadcast={"channel": "news"})
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        await run_to_end(house, session)
        await wait_for(session, lambda: not state.messages)
        assert sorted(heard) == ["b", "c"]


async def test_topics_reach_who_subscribed(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []

    def script(request: ModelRequest, step: int) -> Reply:
        text = asked(request)
        if text.startswith("Message on"):
            heard.append((request.agent, text.partition(" from")[0]))
            return says("heard")
        if request.agent == "b":
            return calls("subscribe", topic="errors.*") if step == 0 else says("listening")
        if step == 0:
            return calls("publish", topic="errors.disk", text="full")
        if step == 1:
            return calls("publish", topic="metrics.cpu", text="90")
        return says(told(request)[-1])

    topics = {"topics": ["errors.>", "alerts"]}
    text = talkers("ba", {"mode": "pipeline"}, pattern="pub_sub", pub_sub=topics)
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        await run_to_end(house, session)
        await wait_for(session, lambda: not state.messages)
        assert heard == [("b", "Message on errors.disk")]
        assert await run_output(session) == (
            "no topic of the fleet fits 'metrics.cpu', there are: errors.>, alerts"
        )


def asking(**rules: Any) -> str:
    return talkers("ab", LED, pattern="request_reply", request_reply=rules)


def asker(request: ModelRequest, step: int) -> Reply:
    if request.agent == "b":
        return says("forty-two")
    if step == 0:
        return calls("ask_agent", to="b", question="how many?")
    return says(f"b says {told(request)[-1]}")


async def test_a_question_is_answered_by_the_other_agents_turn(tmp_path: Path) -> None:
    model = FunctionModel(asker)
    async with opened(make_world(tmp_path, model), tmp_path, asking()) as (house, session):
        await run_to_end(house, session)
        assert await run_output(session) == "b says forty-two"
        assert [request.agent for request in model.requests] == ["a", "b", "a"]
        assert "how many?" in asked(model.requests[1])


async def test_a_question_nobody_answers_in_time_fails(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "b":
            return calls("ask_agent", to="a", question="why?") if step == 0 else says("late")
        return asker(request, step)

    async with opened(
        make_world(tmp_path, FunctionModel(script)), tmp_path, asking(timeout_ms=300)
    ) as (house, session):
        state = house.engine.state("f")
        state.agents["b"].status = "paused"
        await run_to_end(house, session)
        assert await run_output(session) == "b says b did not answer in time"


async def test_a_circle_of_questions_is_refused_at_once(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "b":
            if step == 0:
                return calls("ask_agent", to="a", question="why?")
            return says(told(request)[-1])
        return asker(request, step)

    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, asking()) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert "a waits for your answer itself" in await run_output(session)


async def test_a_question_outlives_a_crash_and_is_asked_once(tmp_path: Path) -> None:
    stuck = asyncio.Event()

    class Stuck(FunctionModel):
        async def complete(self, request: ModelRequest, on_text: Any = None) -> Any:
            if request.agent == "b":
                stuck.set()
                await asyncio.Event().wait()
            return await super().complete(request, on_text)

    path = tmp_path / "state.db"
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, Stuck(asker), store=store)
        async with opened(world, tmp_path, asking()) as (_, session):
            await session.send(StartRun("f", Payload("go")))
            await stuck.wait()
    model = FunctionModel(asker)
    async with (
        SqliteStore.open(path) as store,
        running(known(make_world(tmp_path, model, store=store))) as house,
    ):
        session, state = house.session("ann"), house.engine.state("f")
        await wait_for(session, lambda: any(run.report for run in state.runs.values()))
        assert await run_output(session) == "b says forty-two"
        assert [request.agent for request in model.requests] == ["b", "a"]


async def test_messages_pass_the_middleware_of_the_file(tmp_path: Path) -> None:
    heard: list[str] = []

    def script(request: ModelRequest, step: int) -> Reply:
        if request.agent == "b":
            heard.append(asked(request))
            return says("heard")
        if step < 3:
            return calls("send_message", to="b", text="x" * 50)
        return says(told(request)[-1])

    rules = ["audit", {"rate": {"per_minute": 2}}, {"transform": {"most_characters": 9}}]
    text = talkers("ab", LED, pattern="direct", middleware=rules)
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        await run_to_end(house, session)
        await wait_for(session, lambda: not state.messages)
        assert "[cut: 41 more characters]" in heard[0]
        assert "a has sent 2 messages within a minute" in await run_output(session)


async def test_an_unknown_middleware_is_named_to_the_sender(tmp_path: Path) -> None:
    def script(request: ModelRequest, step: int) -> Reply:
        if step == 0:
            return calls("send_message", to="b", text="x")
        return says(told(request)[-1])

    text = talkers("ab", LED, pattern="direct", middleware=["stamped"])
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        await run_to_end(house, session)
        assert "no middleware is called 'stamped'" in await run_output(session)


PARTS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4)


@given(PARTS, st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4), st.booleans())
def test_patterns_fit_as_in_nats(topic: list[str], pattern: list[str], rest: bool) -> None:
    wanted = [*pattern, ">"] if rest else pattern
    same = all(one in {"*", other} for one, other in zip(pattern, topic, strict=False))
    length = len(topic) > len(pattern) if rest else len(topic) == len(pattern)
    assert topic_fits(".".join(wanted), ".".join(topic)) == (same and length)
