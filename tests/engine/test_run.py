"""Runs in peer mode, from the door to the report."""

from __future__ import annotations

from pathlib import Path

from fleettui.core.commands import (
    Approve,
    Deny,
    MoveAgent,
    RetryMessage,
    SendMessage,
    StartRun,
)
from fleettui.core.errors import ModelFailed
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadInbox, ReadQueue, ReadReport, ReadRun
from tests.engine.kit import (
    FunctionModel,
    Reply,
    calls,
    fleet_yaml,
    make_world,
    opened,
    run_to_end,
    says,
    submits,
    wait_for,
)

MAJORITY = "{algorithm: majority, min_votes: 2}"


async def test_three_agents_vote_and_a_report_is_written(tmp_path: Path) -> None:
    model = FunctionModel(
        lambda request, _: submits("reject" if request.agent == "c" else "approve")
    )
    async with opened(make_world(tmp_path, model), tmp_path, fleet_yaml(consensus=MAJORITY)) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        report = await session.read(ReadRun())
        assert (run.status, report.verdict.verdict, report.verdict.reached) == (
            "finished",
            "approve",
            True,
        )
        assert {vote.agent: vote.verdict for vote in report.votes} == {
            "a": "approve",
            "b": "approve",
            "c": "reject",
        }
        assert "**Verdict: approve**" in await session.read(ReadReport())
        assert Path(run.report).stat().st_mode & 0o777 == 0o600


async def test_a_plain_answer_is_searched_for_a_vote_and_asked_once_more(tmp_path: Path) -> None:
    def script(request: object, step: int) -> object:
        text = request.messages[-1].content
        return says("VOTE: approve (0.8) fine" if "vote is missing" in text else "I looked at it.")

    model = FunctionModel(script)
    text = fleet_yaml(("a",), consensus="{algorithm: majority}")
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert len(model.requests) == 2


async def test_an_action_waits_for_a_person_and_runs_once_approved(tmp_path: Path) -> None:
    def script(_: object, step: int) -> object:
        return calls("run", argv=["touch", "made"]) if step == 0 else submits("approve")

    text = fleet_yaml(("a",), consensus="{algorithm: majority}")
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: state.agents["a"].status == "waiting")
        (row,) = await session.read(ReadInbox())
        assert not (tmp_path / "ws/made").exists()
        assert row.action.argv == ("touch", "made")
        await session.send(Approve("f", row.id, row.version, row.action.digest, row.nonce))
        await wait_for(session, lambda: any(run.report for run in state.runs.values()))
        assert (tmp_path / "ws/made").exists()


async def test_a_denied_action_is_not_done_and_the_agent_hears_why(tmp_path: Path) -> None:
    def script(_: object, step: int) -> object:
        return calls("run", argv=["touch", "made"]) if step == 0 else submits("approve")

    text = fleet_yaml(("a",), consensus="{algorithm: majority}")
    model = FunctionModel(script)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: state.agents["a"].status == "waiting")
        (row,) = await session.read(ReadInbox())
        await session.send(Deny("f", row.id, row.version, "not now"))
        await wait_for(session, lambda: any(run.report for run in state.runs.values()))
        assert not (tmp_path / "ws/made").exists()
        assert "not now" in model.requests[-1].messages[-1].content


async def test_without_consensus_the_plain_answers_are_the_output(tmp_path: Path) -> None:
    model = FunctionModel(lambda request, _: says(f"answer of {request.agent}"))
    async with opened(make_world(tmp_path, model), tmp_path, fleet_yaml(("a", "b"))) as (
        house,
        session,
    ):
        run = await run_to_end(house, session)
        report = await session.read(ReadRun())
        assert (run.status, report.verdict, report.votes) == ("finished", None, ())
        assert "answer of a" in report.output
        assert "answer of b" in report.output
        assert len(model.requests) == 2


async def test_a_message_delivered_four_times_in_vain_is_a_dead_letter_until_retried(
    tmp_path: Path,
) -> None:
    answers: list[Reply] = [*(ModelFailed("no") for _ in range(4)), says("at last")]
    model = FunctionModel(lambda *_: answers.pop(0))
    async with opened(make_world(tmp_path, model), tmp_path, fleet_yaml(("a",))) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        name = await session.send(SendMessage("f", "a", Payload("are you there?")))
        for tries in (1, 2, 3, 4):
            await wait_for(session, lambda tries=tries: state.messages[name].tries == tries)
            await wait_for(session, lambda: state.agents["a"].status == "failed")
            if tries < 4:
                await session.send(MoveAgent("f", "a", "start"))
        (row,) = await session.read(ReadQueue())
        assert (row.status, row.why) == ("dead", "no")
        await session.send(MoveAgent("f", "a", "start"))
        await session.send(RetryMessage("f", name))
        await wait_for(session, lambda: name not in state.messages)
        assert "are you there?" in model.requests[-1].messages[-1].content
