"""Workers: agents without a model do one thing to every task, under policy and on record."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fleettui.core.commands import Approve, Deny, SendMessage, StartRun
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadActions, ReadAgents, ReadInbox, ReadLog
from fleettui.engine.session import Session
from fleettui.wiring import House
from tests.engine.kit import (
    FunctionModel,
    make_world,
    opened,
    run_output,
    run_to_end,
    says,
    wait_for,
)

NOBODY = FunctionModel(lambda *_: says("a model was asked"))


def pool(*agents: dict[str, Any], **spec: Any) -> str:
    """Give a fleet file (JSON is YAML) of workers whose commands are allowed."""
    entries = [
        {"name": f"w{at}", "spec": {"type": "worker", **one}} for at, one in enumerate(agents)
    ]
    spec = {"policy": {"allow": ["printf *", "cat *", "grep *"]}, **spec}
    spec.setdefault("coordination", {"mode": "swarm", "split": "lines"})
    return json.dumps(
        {
            "apiVersion": "aof.dev/v1", "kind": "AgentFleet", "metadata": {"name": "f"},
            "spec": {"agents": entries, **spec},
        }
    )  # fmt: skip


def put(tmp_path: Path, name: str, text: str) -> None:
    """Put a file into the workspace."""
    (tmp_path / "ws").mkdir(exist_ok=True)
    (tmp_path / "ws" / name).write_text(text)


async def test_every_item_becomes_one_command_and_its_output_the_result(tmp_path: Path) -> None:
    world = make_world(tmp_path, NOBODY)
    text = pool(
        {"run": ["printf", "%s|", "{item}", "{task}"]}, {"run": ["printf", "<%s>", "{item}"]}
    )
    async with opened(world, tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "a b\n$HOME; ls\n*")
        assert run.status == "finished"
        output = await run_output(session)
        assert "a b|a b\n$HOME; ls\n*|" in output or "<a b>" in output
        assert "$HOME; ls" in output
        actions = await session.read(ReadActions())
        assert {one.status for one in actions} == {"finished"}
        assert len(actions) == 3
        assert not NOBODY.requests
        log = await session.read(ReadLog("f", "w0"))
        assert any(row.kind == "tool" and "printf" in row.text for row in log)


async def test_an_agent_does_as_many_parts_at_a_time_as_it_may(tmp_path: Path) -> None:
    world = make_world(tmp_path, NOBODY)
    (tmp_path / "ws").mkdir()
    for name in ("a", "b", "c"):
        os.mkfifo(tmp_path / "ws" / name)
    text = pool({"run": ["cat", "{path}"], "max_concurrent_tasks": 3})
    async with opened(world, tmp_path, text) as (house, session):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("a\nb\nc"), items=()))
        await wait_for(
            session, lambda: [one.status for one in state.actions.values()] == ["started"] * 3
        )
        assert len(state.agent("w0").turns) == 3
        row = (await session.read(ReadAgents("f")))[0]
        assert row.step.startswith("3 at once")
        for name in ("a", "b", "c"):
            await asyncio.to_thread((tmp_path / "ws" / name).write_text, name)
        await wait_for(session, lambda: state.running() is None)
        assert state.agent("w0").status == "idle"
        assert await run_output(session)


async def test_several_items_go_into_one_command(tmp_path: Path) -> None:
    world = make_world(tmp_path, NOBODY)
    text = pool({"run": ["printf", "[%s]", "{items}"], "batch_size": 2})
    async with opened(world, tmp_path, text) as (house, session):
        await run_to_end(house, session, "a\nb\nc")
        argvs = [one.summary for one in await session.read(ReadActions())]
        assert len(argvs) == 2
        assert "[a][b]" in await run_output(session)


async def test_exit_codes_are_verdicts_where_a_vote_is_asked(tmp_path: Path) -> None:
    world = make_world(tmp_path, NOBODY)
    verdicts = {"0": "approve", "1": "reject"}
    put(tmp_path, "said", "VOTE: reject\n")
    text = pool(
        {"run": ["grep", "reject", "said"], "verdicts": verdicts},
        {"run": ["grep", "nothing", "said"], "verdicts": verdicts},
        {"run": ["grep", "VOTE", "said"], "verdicts": verdicts},
        coordination={"mode": "peer", "consensus": {"algorithm": "majority"}},
    )
    async with opened(world, tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        ballot = house.engine.state("f").ballots[run.ballot]
        assert {name: vote.verdict for name, vote in ballot.votes.items()} == {
            "w0": "approve", "w1": "reject", "w2": "approve",
        }  # fmt: skip
        assert ballot.verdict is not None
        assert ballot.verdict.verdict == "approve"


async def test_an_exit_code_without_a_verdict_fails_and_the_mode_tries_again(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path, NOBODY)
    put(tmp_path, "one", "text")
    text = pool({"run": ["cat", "{path}", "missing"]}, {"run": ["cat", "{path}"]})
    async with opened(world, tmp_path, text) as (house, session):
        run = await run_to_end(house, session, "one")
        part = next(iter(run.parts.values()))
        assert (run.status, part.tries) == ("finished", 2)
        failed = [one for one in house.engine.state("f").turns.values() if one.status == "failed"]
        assert "cat one missing exited with 1" in failed[0].reason


@pytest.mark.parametrize(
    ("template", "item", "wanted"),
    [
        (["printf", "%s", "{item}"], "-rf", "would be a flag"),
        (["printf", "%s", "{name}"], '{"other": 1}', "no field 'name'"),
        (["printf", "%s", "{name}"], "plain", "JSON object"),
    ],
)
async def test_an_item_that_does_not_fit_is_refused_before_anything_runs(
    tmp_path: Path, template: list[str], item: str, wanted: str
) -> None:
    world = make_world(tmp_path, NOBODY)
    async with opened(world, tmp_path, pool({"run": template})) as (house, session):
        run = await run_to_end(house, session, f"{item}\n{item}")
        assert run.status == "failed"
        assert wanted in run.reason
        assert not await session.read(ReadActions())


async def test_a_command_that_is_not_allowed_asks_and_a_denial_fails_the_part(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path, NOBODY)
    text = pool({"run": ["touch", "{path}"]}, policy={})
    async with opened(world, tmp_path, text) as (house, session):
        await session.send(StartRun("f", Payload("-a"), items=()))
        first = await asked(house, session)
        assert first.action.argv == ("touch", "./-a")
        await session.send(Approve("f", first.id, first.version, first.action.digest, first.nonce))
        state = house.engine.state("f")
        await wait_for(session, lambda: state.running() is None)
        assert (tmp_path / "ws" / "-a").exists()
        await session.send(StartRun("f", Payload("b")))
        second = await asked(house, session)
        await session.send(Deny("f", second.id, second.version, "not now"))
        await wait_for(session, lambda: state.running() is None)
        assert not (tmp_path / "ws" / "b").exists()
        assert "not now" in next(reversed(state.runs.values())).reason


async def test_messages_are_tasks_and_a_tool_gets_its_arguments(tmp_path: Path) -> None:
    world = make_world(tmp_path, NOBODY)
    text = pool({"tool": "read_file", "arguments": {"path": "{path}", "end_line": "{lines}"}})
    async with opened(world, tmp_path, text) as (house, session):
        (tmp_path / "ws" / "a.txt").write_text("one\ntwo\nthree\n")
        message = json.dumps({"path": "a.txt", "lines": 2})
        await session.send(SendMessage("f", "w0", Payload(message)))
        state = house.engine.state("f")
        await wait_for(
            session, lambda: any(one.status == "finished" for one in state.turns.values())
        )
        output = next(iter(state.turns.values())).output.head
        assert "two" in output
        assert "three" not in output


async def asked(house: House, session: Session) -> Any:
    state = house.engine.state("f")
    await wait_for(session, lambda: any(one.status == "asking" for one in state.actions.values()))
    await asyncio.sleep(0)
    return (await session.read(ReadInbox()))[0]
