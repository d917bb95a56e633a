"""Runs in tiered mode: order, ballots by tier, what is handed on, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fleettui.core.commands import OverrideBallot, ResumeRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelRequest
from fleettui.core.views.queries import ReadInbox
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
    submits,
    wait_for,
)

AGENTS: dict[str, Any] = {
    "logs": {"tier": 1},
    "metrics": {"tier": 1},
    "analyst": {"tier": 2},
    "lead": {"tier": 3, "role": "manager"},
}


async def test_tiers_work_in_order_and_every_result_is_handed_on(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def script(request: ModelRequest, _: int) -> Reply:
        seen[request.agent] = asked(request)
        return says(f"{request.agent} says so")

    text = fleet_of(
        AGENTS, mode="tiered", tiered={"pass_all_results": True, "final_aggregation": "merge"}
    )
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "find the cause")
        assert run.status == "finished"
        assert [request.agent for request in model.requests][2:] == ["analyst", "lead"]
        assert len(model.requests) == 4
        assert "logs says so" in seen["analyst"]
        assert "metrics says so" in seen["analyst"]
        assert "logs says so" in seen["lead"]
        assert "analyst says so" in seen["lead"]
        assert await run_output(session) == "lead says so"


async def test_only_the_verdicts_answer_is_handed_on_where_not_all_are(tmp_path: Path) -> None:
    seen: dict[str, str] = {}

    def script(request: ModelRequest, _: int) -> Reply:
        seen[request.agent] = asked(request)
        match request.agent:
            case "logs":
                return submits("approve", 0.9, "the disk is full")
            case "metrics":
                return submits("approve", 0.6, "the CPU is hot")
        return says("done")

    rules = {"1": {"algorithm": "majority", "min_votes": 2}}
    text = fleet_of(
        AGENTS, mode="tiered", tiered={"tier_consensus": rules, "final_aggregation": "merge"}
    )
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert "the disk is full" in seen["analyst"]
        assert "the CPU is hot" not in seen["analyst"]
        assert len(run.ballots) == 1


async def test_the_first_of_a_tier_wins_and_the_rest_is_cancelled(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return submits("approve") if request.agent == "metrics" else says("VOTE: approve (1) late")

    rules = {"1": {"algorithm": "first_wins"}}
    text = fleet_of(
        {**AGENTS, "slow": {"tier": 1}},
        mode="tiered",
        tiered={"tier_consensus": rules, "final_aggregation": "merge"},
    )
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        tier = [part for part in run.parts.values() if part.planned.group == 1]
        assert sorted(part.status for part in tier) == ["cancelled", "cancelled", "done"]
        assert run.status == "finished"


async def test_a_manager_brings_the_answers_together_once(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return says(f"{request.agent} said" if request.agent != "lead" else "all in one")

    text = fleet_of(
        AGENTS,
        mode="tiered",
        tiered={"pass_all_results": True, "final_aggregation": "manager_synthesis"},
    )
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert [request.agent for request in model.requests].count("lead") == 1
        assert "logs said" in asked(model.requests[-1])
        assert await run_output(session) == "all in one"


async def test_a_tier_without_a_verdict_stops_the_run_until_a_person_decides(
    tmp_path: Path,
) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        match request.agent:
            case "logs":
                return submits("approve")
            case "metrics":
                return submits("reject")
        return says("went on")

    rules = {"1": {"algorithm": "majority"}}
    text = fleet_of(
        AGENTS, mode="tiered", tiered={"tier_consensus": rules, "final_aggregation": "merge"}
    )
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "not_reached"
        assert run.reason.startswith("tier 1: a tie")
        (item,) = await session.read(ReadInbox())
        await session.send(OverrideBallot("f", item.id, "approve", "I know better"))
        await wait_for(session, lambda: run.status == "finished")
        assert [request.agent for request in model.requests][2:] == ["analyst", "lead"]


async def test_the_last_tier_is_asked_for_no_vote_that_nobody_counts(tmp_path: Path) -> None:
    def script(request: ModelRequest, _: int) -> Reply:
        return says("plain") if request.agent == "lead" else submits("approve")

    text = fleet_of(
        AGENTS, mode="tiered", consensus={"algorithm": "majority"},
        tiered={"final_aggregation": "merge"},
    )  # fmt: skip
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert [request.agent for request in model.requests].count("lead") == 1
        assert await run_output(session) == "plain"


async def test_a_last_tier_without_its_own_verdict_waits_for_a_person(tmp_path: Path) -> None:
    rules = {"3": {"algorithm": "human_review"}}
    text = fleet_of(
        AGENTS, mode="tiered", tiered={"tier_consensus": rules, "final_aggregation": "merge"}
    )
    model = FunctionModel(
        lambda request, _: submits("approve") if request.agent == "lead" else says("x")
    )
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "not_reached"
        (item,) = await session.read(ReadInbox())
        await session.send(OverrideBallot("f", item.id, "reject", "no"))
        await wait_for(session, lambda: run.status == "finished")
        assert len(model.requests) == 4


async def test_a_failed_tier_is_resumed_without_asking_the_others_again(tmp_path: Path) -> None:
    broken = [True]

    def script(request: ModelRequest, _: int) -> Reply:
        if request.agent == "analyst" and broken[0]:
            return ModelFailed("no such model")
        return says(f"{request.agent} said")

    text = fleet_of(AGENTS, mode="tiered", tiered={"final_aggregation": "merge"})
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "failed"
        assert "tier 2" in run.reason
        broken[0] = False
        await session.send(ResumeRun("f", run.id))
        await wait_for(session, lambda: run.status == "finished")
        agents = [request.agent for request in model.requests]
        assert (agents.count("logs"), agents.count("metrics"), agents[-1]) == (1, 1, "lead")


async def test_a_run_that_failed_leaves_no_ballot_to_a_person(tmp_path: Path) -> None:
    text = fleet_of(AGENTS, mode="tiered", consensus={"algorithm": "human_review"})
    model = FunctionModel(lambda *_: ModelFailed("the key is wrong"))
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "failed"
        assert not await session.read(ReadInbox())
