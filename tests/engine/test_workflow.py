"""Workflows: order, conditions, lists, retries, questions, commands, other fleets, failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import Approve, Deny, ResumeRun, StartRun
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelRequest, Payload
from fleettui.core.views.queries import ReadInbox
from fleettui.core.views.rows import InboxRow
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.kit import (
    FunctionModel,
    Reply,
    asked,
    known,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
    wait_for,
)


def flow(
    *steps: dict[str, Any], allow: tuple[str, ...] = ("./mark *", "./flaky"), **more: Any
) -> str:
    agent = {"name": "a", "spec": {"model": "openai:test", "instructions": "do it"}}
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1",
            "kind": "AgentFleet",
            "metadata": {"name": "f"},
            "spec": {
                "agents": [agent],
                "coordination": {"mode": "workflow"},
                "workflow": {"steps": list(steps), **more},
                "policy": {"allow": list(allow)},
            },
        }
    )


def echo(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "run": ["./mark", name], **more}


MARK = '#!/bin/sh\necho $1 >> order\necho out of $1\n[ -z "$2" ] || exit $2\n'
FLAKY = "#!/bin/sh\necho x >> count\ntest $(wc -l < count) -ge 3\n"


@pytest.fixture(autouse=True)
def programs(tmp_path: Path) -> None:
    """Put the programs that the steps run into the workspace."""
    (tmp_path / "ws").mkdir()
    for name, text in (("mark", MARK), ("flaky", FLAKY)):
        program = tmp_path / "ws" / name
        program.write_text(text)
        program.chmod(0o700)


async def asking(house: House, session: Session) -> InboxRow:
    """Wait for the one thing that asks a person."""
    state = house.engine.state("f")
    actions = state.actions.values()
    await wait_for(session, lambda: any(one.status == "asking" for one in actions))
    (row,) = await session.read(ReadInbox())
    return row


def quiet() -> FunctionModel:
    return FunctionModel(lambda request, _: says(f"answer to {asked(request)[:60]}"))


def states(run: Any) -> dict[str, str]:
    return {part.name: part.status for part in run.parts.values()}


async def test_steps_run_in_the_order_of_their_needs(tmp_path: Path) -> None:
    text = flow(echo("c", needs=["b"]), echo("b", needs=["a"]), echo("a"))
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert (run.status, run.reason) == ("finished", "")
        assert (tmp_path / "ws/order").read_text().split() == ["a", "b", "c"]
        assert await run_output(session) == "out of c"


async def test_an_agent_gets_the_outputs_of_what_it_needs(tmp_path: Path) -> None:
    model = quiet()
    text = flow(echo("x"), {"name": "think", "agent": "a", "task": "Explain.", "needs": ["x"]})
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        assert "out of x" in asked(model.requests[0])
        assert (await run_output(session)).startswith("answer to Explain.")


async def test_conditions_decide_what_is_skipped(tmp_path: Path) -> None:
    text = flow(
        {"name": "test", "run": ["./mark", "boom", "3"], "continue_on_error": True},
        echo("mend", needs=["test"], when="steps.test.exit_code == 3"),
        echo("ship", needs=["test"], when="steps.test.ok"),
        echo("after-ship", needs=["ship"]),
        echo("say", needs=["test"], when='steps.test.output contains "boom"'),
        {"name": "end", "join": "any", "needs": ["mend", "ship"]},
    )
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert states(run) == {
            "test": "done", "mend": "done", "ship": "skipped", "after-ship": "skipped",
            "say": "done", "end": "done",
        }  # fmt: skip


async def test_a_condition_sees_the_whole_of_a_large_output(tmp_path: Path) -> None:
    large = "x" * 20_000 + " needle"
    model = FunctionModel(lambda *_: says(large))
    text = flow(
        {"name": "write", "agent": "a"},
        echo("found", needs=["write"], when='steps.write.output contains "needle"'),
        echo("not-found", needs=["write"], when='steps.write.output contains "haystack"'),
    )
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert states(run) == {"write": "done", "found": "done", "not-found": "skipped"}


async def test_a_step_for_each_line_of_an_output(tmp_path: Path) -> None:
    text = flow(
        {"name": "list", "run": ["printf", "one\ntwo\n"]},
        {"name": "each", "run": ["echo", "did {item}"], "for_each": "steps.list.output",
         "needs": ["list"]},
        {"name": "sum", "agent": "a", "task": "Sum up.", "needs": ["each"]},
    )  # fmt: skip
    model = quiet()
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert "did one" in asked(model.requests[0])
        assert "did two" in asked(model.requests[0])


async def test_a_failed_step_is_tried_again_after_its_backoff(tmp_path: Path) -> None:
    text = flow({"name": "flaky", "run": ["./flaky"], "retries": 3, "backoff": "50ms"})
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert (tmp_path / "ws/count").read_text() == "x\n" * 3


async def test_a_failure_names_its_step_and_resume_goes_on_from_it(tmp_path: Path) -> None:
    text = flow(
        echo("one"),
        {"name": "two", "run": ["ls", "ready"], "needs": ["one"]},
        echo("three", needs=["two"]),
    )
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert (run.status, run.reason) == ("failed", "step two failed: exit 2")
        (tmp_path / "ws/ready").touch()
        await session.send(ResumeRun("f", run.id))
        await wait_for(session, lambda: run.status == "finished")
        assert (tmp_path / "ws/order").read_text().split() == ["one", "three"]


async def test_an_approval_step_waits_in_the_inbox(tmp_path: Path) -> None:
    text = flow(
        echo("build"),
        {"name": "gate", "approval": "Ship it?", "needs": ["build"]},
        echo("ship", needs=["gate"]),
    )
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        name = await session.send(StartRun("f", Payload("go")))
        row = await asking(house, session)
        assert row.summary == "Ship it?"
        assert (tmp_path / "ws/order").read_text().split() == ["build"]
        await session.send(Approve("f", row.id, 1, row.action.digest, row.nonce))
        await wait_for(session, lambda: bool(state.runs[name].report))
        assert state.runs[name].status == "finished"
        assert (tmp_path / "ws/order").read_text().split() == ["build", "ship"]


async def test_a_no_fails_the_step(tmp_path: Path) -> None:
    text = flow({"name": "gate", "approval": "Ship it?"}, echo("ship", needs=["gate"]))
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        state = house.engine.state("f")
        name = await session.send(StartRun("f", Payload("go")))
        row = await asking(house, session)
        await session.send(Deny("f", row.id, 1, "not on Friday"))
        await wait_for(session, lambda: bool(state.runs[name].report))
        assert state.runs[name].reason == "step gate failed: denied by ann: not on Friday"
        assert not (tmp_path / "ws/order").exists()


async def test_commands_ask_where_no_rule_allows_them(tmp_path: Path) -> None:
    text = flow(echo("build"), allow=())
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        await session.send(StartRun("f", Payload("go")))
        row = await asking(house, session)
        assert row.why == "step build of f/1"


async def test_another_fleet_is_a_step(tmp_path: Path) -> None:
    other = {
        "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "other"},
        "spec": {
            "agents": [{"name": "b", "spec": {"model": "openai:test"}}],
            "coordination": {"mode": "peer"},
        },
    }  # fmt: skip
    (tmp_path / "other.yaml").write_text(json.dumps(other))
    model = FunctionModel(lambda request, _: says(f"{request.agent} heard {asked(request)}"))
    text = flow({"name": "sub", "fleet": "other.yaml", "task": "look"}, echo("end", needs=["sub"]))
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        sub = next(part for part in run.parts.values() if part.name == "sub")
        assert sub.output.head == "b heard look"


async def test_a_step_that_takes_too_long_fails(tmp_path: Path) -> None:
    text = flow({"name": "gate", "approval": "Ship it?", "timeout": "100ms"})
    async with opened(make_world(tmp_path, quiet()), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.reason == "step gate failed: its time was up"
        assert await session.read(ReadInbox()) == ()


async def test_a_workflow_goes_on_after_a_crash_and_nothing_runs_twice(tmp_path: Path) -> None:
    text = flow(
        echo("one"), {"name": "gate", "approval": "On?", "needs": ["one"]},
        echo("two", needs=["gate"]), {"name": "think", "agent": "a", "needs": ["two"]},
    )  # fmt: skip
    path = tmp_path / "state.db"
    async with SqliteStore.open(path) as store:
        world = make_world(tmp_path, quiet(), store=store)
        async with opened(world, tmp_path, text) as (house, session):
            state = house.engine.state("f")
            await session.send(StartRun("f", Payload("go")))
            await asking(house, session)
    async with SqliteStore.open(path) as store:
        world = known(make_world(tmp_path, quiet(), store=store))
        async with running(world) as house:
            session, state = house.session("bob"), house.engine.state("f")
            (row,) = await session.read(ReadInbox())
            await session.send(Approve("f", row.id, 1, row.action.digest, row.nonce))
            await wait_for(session, lambda: any(run.report for run in state.runs.values()))
            assert (tmp_path / "ws/order").read_text().split() == ["one", "two"]
            assert state.runs["f/1"].status == "finished"


async def test_no_more_steps_go_on_than_the_file_allows(tmp_path: Path) -> None:
    most: list[int] = []
    house_of: list[Any] = []

    def script(request: ModelRequest, _: int) -> Reply:
        run = house_of[0].engine.state("f").running()
        most.append(len(run.going))
        return ModelFailed("no") if "fail" in asked(request) else says("ok")

    steps = [{"name": f"s{n}", "run": ["echo", str(n)]} for n in range(9)]
    text = flow(*steps, {"name": "last", "agent": "a", "needs": ["s8"]}, max_parallel=2)
    async with opened(make_world(tmp_path, FunctionModel(script)), tmp_path, text) as (
        house,
        session,
    ):
        house_of.append(house)
        run = await run_to_end(house, session)
        assert run.status == "finished"
        assert max(most) <= 2
