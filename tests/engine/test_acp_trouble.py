"""What agents that are programs do wrong, and what people do to them in the middle of a turn."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.sqlite.store import SqliteStore
from fleettui.core.commands import CancelRun, EditAction, MoveAgent, OpenFleet, RollBack, StartRun
from fleettui.core.errors import Refused
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadInbox
from fleettui.wiring import running
from tests.engine.acp_kit import (
    AGENT,
    Stage,
    acp_world,
    close,
    command_call,
    ended,
    fleet,
    scene_of_command,
    staged,
)
from tests.engine.kit import known, opened, wait_for


def processes_with(word: str) -> list[str]:
    """Give the command lines of processes that carry a word, but for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if word in line:
                found.append(line)
    return found


async def wait_gone(word: str) -> None:
    async with asyncio.timeout(20):
        while processes_with(word):
            await asyncio.sleep(0.05)


REASONS = {
    "version": ({"version": 99}, "speaks version 99 of the protocol, fleettui speaks 1"),
    "hang": ({"hang": "initialize"}, "did not answer initialize within 3 s"),
    "no-auth": (
        {"fail": {"session/new": {"code": -32000, "message": "Authentication required"}}},
        "is not logged in: Authentication required",
    ),
    "no-message": ({"greeting": "hello, I am no agent\n" * 300}, "it writes what is no message"),
}


@pytest.mark.parametrize("name", REASONS)
async def test_an_agent_that_can_not_begin_fails_its_turn_with_the_reason(
    tmp_path: Path, name: str
) -> None:
    script, reason = REASONS[name]
    async with staged(tmp_path, [[]], script=script, timeout=3) as stage:
        run = await stage.begin()
        agent = stage.state.agents["a"]
        await wait_for(stage.session, lambda: bool(agent.trouble) or agent.status == "failed")
        assert reason in agent.trouble
        if agent.status != "failed":
            await stage.session.send(CancelRun("f", run))
        await wait_gone(str(tmp_path / "script.json"))


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("max_tokens", "stopped at its limit of tokens"),
        ("max_turn_requests", "stopped at its limit of requests"),
        ("refusal", "refused to go on"),
    ],
)
async def test_an_agent_that_stops_early_says_why(tmp_path: Path, stop: str, reason: str) -> None:
    async with staged(tmp_path, [[{"say": "half"}, {"stop": {"stopReason": stop}}]]) as stage:
        run = await stage.run()
        assert run.status == "failed"
        assert reason in stage.state.agents["a"].trouble


async def test_an_agent_that_ends_at_once_is_restarted_given_up_and_asks_once(
    tmp_path: Path,
) -> None:
    dies = ["sh", "-c", f"echo begun >> {tmp_path / 'starts'}; exit 3"]
    text = fleet(command=dies, health={"restarts": {"backoff": "10ms", "longest": "20ms"}})
    world = acp_world(tmp_path)
    async with opened(world, tmp_path, text) as (house, session):
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: state.runs[run].status == "failed")
        (row,) = await session.read(ReadInbox())
        assert (row.kind, row.agent) == ("failed", "a")
        assert "ended with exit code 3 during initialize" in row.summary
    assert (tmp_path / "starts").read_text().count("begun") == 7
    await close(world)


async def test_a_crash_in_the_middle_is_tried_again_and_told(tmp_path: Path) -> None:
    scenes = [[{"say": "begun"}, {"crash": 3}], [{"say": "whole"}]]
    caps = {"capabilities": {"loadSession": True}}
    async with staged(tmp_path, scenes, script=caps) as stage:
        run = await stage.run()
        assert stage.output(run) == "whole"
        errors = [text for kind, text in stage.log() if kind == "error"]
        assert "ended with exit code 3 during session/prompt: it all went wrong" in errors[0]
        first, second = stage.prompts()
        assert second["session"] == first["session"]
        assert "You were interrupted" in second["prompt"]
        assert any(text.endswith("loaded") for _, text in stage.log())
        assert len(second["knows"]) == 1


async def test_a_crash_while_a_command_runs_leaves_it_unknown(tmp_path: Path) -> None:
    crash = [{"permit": command_call("touch made"), "yes": [{"run": "touch made"}, {"crash": 9}]}]
    async with staged(tmp_path, [crash, [{"say": "whole"}]]) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        row = await stage.wait_item("unknown")
        assert "nobody knows" in row.rule
        assert len(stage.prompts()) == 1, "the turn waits for a person"
        await stage.deny(row, "look first")
        run = await stage.wait_end(name)
        assert stage.output(run) == "whole"
        told = stage.prompts()[1]["prompt"]
        assert "look first" in told
        assert "do it" in told, "a session that is lost is told what it was asked"


async def test_an_unknown_command_may_be_done_again_without_a_second_question(
    tmp_path: Path,
) -> None:
    crash = [{"permit": command_call("touch made"), "yes": [{"crash": 9}]}]
    async with staged(tmp_path, [crash, scene_of_command("touch made")]) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        await stage.allow(await stage.wait_item("unknown"))
        await stage.wait_end(name)
        assert [one.status for one in stage.state.actions.values()] == ["finished"]
        assert (stage.workspace / "made").exists()


async def test_noise_between_messages_and_texts_for_ids_are_borne(tmp_path: Path) -> None:
    scene = [{"raw": "npm WARN something\n"}, *scene_of_command("touch made")]
    async with staged(tmp_path, [scene], script={"ids": "text", "greeting": "hi!\n"}) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        run = await stage.wait_end(name)
        assert stage.output(run) == "done"


async def test_a_message_without_end_ends_the_agent(tmp_path: Path) -> None:
    async with staged(tmp_path, [[{"raw": "x" * (17 << 20)}]], timeout=60) as stage:
        run = await stage.run()
        assert run.status == "failed"
        assert "a message of more than 16 MiB" in stage.state.agents["a"].trouble


async def test_a_large_output_is_cut_and_a_flood_of_pieces_is_borne(tmp_path: Path) -> None:
    call = {"sessionUpdate": "tool_call", "toolCallId": "t1", "title": "x", "kind": "execute",
            "rawInput": {"command": "x"}}  # fmt: skip
    scene = [{"update": call}, ended(output="y" * 3_000_000), {"many": 20_000, "text": "ab"}]
    async with staged(tmp_path, [scene]) as stage:
        run = await stage.run()
        turn = stage.state.turns[run.turns[-1]]
        assert turn.output.size == 40_000
        out = next(text for kind, text in stage.log() if kind == "out")
        assert len(out) < 5_000
        assert "left out" in out


async def test_a_cancelled_run_tells_the_agent_and_withdraws_what_it_asked(tmp_path: Path) -> None:
    async with staged(tmp_path, [scene_of_command("touch made"), [{"say": "next"}]]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        await stage.session.send(CancelRun("f", name))
        await wait_for(stage.session, lambda: stage.state.agents["a"].status == "idle")
        assert stage.state.actions[row.id].status == "denied"
        run = await stage.run("more")
        assert stage.output(run) == "next"
        answer = next(one["permission"] for one in stage.asked() if "permission" in one)
        assert answer["result"]["outcome"] == {"outcome": "cancelled"}
        starts = [one for one in stage.asked() if one.get("method") == "initialize"]
        assert len(starts) == 1, "an agent that obeys is not killed"


async def test_an_agent_that_does_not_stop_is_killed_with_all_it_started(tmp_path: Path) -> None:
    scene = [{"spawn": "sleep 54321"}, {"say": "x"}, {"ignore_cancel": True}]
    async with staged(tmp_path, [scene]) as stage:
        name = await stage.begin()
        async with asyncio.timeout(20):
            while not processes_with("sleep 54321"):
                await asyncio.sleep(0.05)
        await stage.session.send(CancelRun("f", name))
        await wait_gone("sleep 54321")
        await wait_gone(str(tmp_path / "script.json"))


async def test_an_agents_program_ends_with_the_agent(tmp_path: Path) -> None:
    async with staged(tmp_path, [[{"say": "x"}]]) as stage:
        await stage.run()
        assert processes_with(str(tmp_path / "script.json"))
        await stage.session.send(MoveAgent("f", "a", "stop"))
        await wait_gone(str(tmp_path / "script.json"))


async def test_a_paused_agent_gets_its_answer_when_it_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path, [scene_of_command("touch made")]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        await stage.session.send(MoveAgent("f", "a", "pause"))
        await stage.allow(row)
        await wait_for(stage.session, lambda: stage.state.actions[row.id].status == "approved")
        assert not any("permission" in one for one in stage.asked())
        await stage.session.send(MoveAgent("f", "a", "resume"))
        await stage.wait_end(name)
        assert (stage.workspace / "made").exists()


async def test_what_an_agent_does_itself_can_not_be_edited(tmp_path: Path) -> None:
    async with staged(tmp_path, [scene_of_command("touch made")]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        with pytest.raises(Refused, match="deny it with a reason"):
            await stage.session.send(EditAction("f", row.id, row.version, ("ls",)))
        await stage.deny(row)
        await stage.wait_end(name)


async def test_a_run_with_such_an_agent_is_neither_recorded_nor_replayed(tmp_path: Path) -> None:
    async with staged(tmp_path, [[]]) as stage:
        record = StartRun("f", Payload("x"), record=str(tmp_path / "r"))
        with pytest.raises(Refused, match="can't be recorded"):
            await stage.session.send(record)
        with pytest.raises(Refused, match="can't be replayed"):
            await stage.session.send(StartRun("f", Payload("x"), replay=str(tmp_path / "r")))


async def test_a_program_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    world = acp_world(tmp_path)
    text = fleet(command=["no-such-agent", "acp"])
    async with opened(world, tmp_path, text) as (house, session):
        agent = house.engine.state("f").agents["a"]
        await wait_for(session, lambda: bool(agent.trouble))
        assert "program not found: no-such-agent" in agent.trouble
        await session.send(StartRun("f", Payload("x")))
        await wait_for(session, lambda: agent.status == "failed")


async def test_terminals_are_actions_with_live_output_and_an_end(tmp_path: Path) -> None:
    def ask(method: str, **params: Any) -> dict[str, Any]:
        return {"ask": f"terminal/{method}", "params": {"terminalId": "<terminalId>", **params}}

    make = {"ask": "terminal/create", "params": {
        "command": "sh", "args": ["-c", "echo $COLOUR; cat here"],
        "env": [{"name": "COLOUR", "value": "blue"}]}}  # fmt: skip
    sleep = {"ask": "terminal/create", "params": {"command": "sleep", "args": ["43210"]}}
    denied = {"ask": "terminal/create", "params": {"command": "rm -rf /", "args": []}}
    scene = [make, ask("wait_for_exit"), ask("output"), ask("release"), ask("output"),
             sleep, ask("output"), ask("kill"), ask("wait_for_exit"), sleep, denied,
             {"say": "ok"}]  # fmt: skip
    policy = {"allow": ["sh *", "sleep *", "sh -c 'echo $COLOUR; cat here'"], "deny": ["rm -rf *"]}
    async with staged(tmp_path, [scene], policy=policy) as stage:
        (stage.workspace / "here").write_text("deep")
        name = await stage.begin()
        agent = stage.state.agents["a"]
        await wait_for(
            stage.session, lambda: agent.status == "waiting" or bool(stage.state.runs[name].report)
        )
        if agent.status == "waiting":
            await stage.allow(await stage.wait_item())
        run = await stage.wait_end(name)
        assert stage.output(run) == "ok"
        answers = [one["answer"] for one in stage.asked() if "answer" in one]
        results = [one["result"] if "result" in one else one["error"]["message"] for one in answers]
        assert results[1]["exitCode"] == 0
        assert results[2] == {"output": "blue\ndeep", "truncated": False,
                              "exitStatus": {"exitCode": 0}}  # fmt: skip
        assert "Invalid params" in results[4]
        assert results[6] == {"output": "", "truncated": False}
        assert results[8]["exitCode"] is not None
        assert "denied" in results[10]
        await wait_gone("sleep 43210")
        statuses = {one.facts.tool: one.status for one in stage.state.actions.values()}
        assert statuses == {"acp:terminal": "denied"}
        assert [one.status for one in stage.state.actions.values()] == [
            "finished", "finished", "finished", "denied"]  # fmt: skip


async def test_a_rollback_without_forks_tells_a_new_session_what_is_kept(tmp_path: Path) -> None:
    scenes = [[{"say": "first"}], [{"say": "second"}], [{"say": "third"}]]
    caps = {"capabilities": {"loadSession": True}}
    async with staged(tmp_path, scenes, script=caps) as stage:
        await stage.run("question one")
        await stage.run("question two")
        agent = stage.state.agents["a"]
        await stage.session.send(RollBack("f", "a", list(agent.checkpoints)[1]))
        await wait_for(stage.session, lambda: agent.status == "idle")
        await stage.run("question three")
        last = stage.prompts()[-1]
        assert last["knows"] == []
        assert "question one" in last["prompt"]
        assert "first" in last["prompt"]
        assert "question two" not in last["prompt"]


async def test_a_new_host_goes_on_in_the_agents_session(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    caps = {"capabilities": {"loadSession": True}}
    scenes = [scene_of_command("touch made"), scene_of_command("touch made")]
    async with SqliteStore.open(path) as store:
        world = acp_world(tmp_path, store=store)
        async with staged(tmp_path, scenes, script=caps, world=world) as stage:
            await stage.begin()
            before = await stage.wait_item()
    async with SqliteStore.open(path) as store:
        world = known(acp_world(tmp_path, store=store))
        async with running(world) as house:
            stage = Stage(house, house.session("bob"), tmp_path)
            row = await stage.wait_item()
            assert row.id == before.id, "the question waits for its answer still"
            await stage.allow(row)
            name = next(iter(stage.state.runs))
            run = await stage.wait_end(name)
            assert stage.output(run) == "done"
            assert [one.status for one in stage.state.actions.values()] == ["finished"]
            first, second = stage.prompts()
            assert second["session"] == first["session"]
            assert any(text.endswith("loaded") for _, text in stage.log())
            await close(world)


async def test_a_command_cut_off_by_a_cancel_is_unknown_and_only_left(tmp_path: Path) -> None:
    scene = [{"permit": command_call("touch made"), "yes": [{"ignore_cancel": True}]}]
    async with staged(tmp_path, [scene]) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        await stage.allow(row)
        await wait_for(stage.session, lambda: stage.state.actions[row.id].status == "started")
        await stage.session.send(CancelRun("f", name))
        unknown = await stage.wait_item("unknown")
        with pytest.raises(Refused, match="its turn is over"):
            await stage.allow(unknown)
        await stage.deny(unknown, "never mind")
        await wait_for(stage.session, lambda: stage.state.actions[row.id].status == "denied")


async def test_a_terminal_for_an_allowed_command_is_not_asked_about_twice(tmp_path: Path) -> None:
    make = {"ask": "terminal/create", "params": {"command": "echo", "args": ["hi"]}}
    wait = {"ask": "terminal/wait_for_exit", "params": {"terminalId": "<terminalId>"}}
    shown = {"update": {"sessionUpdate": "tool_call_update", "toolCallId": "t1",
                        "status": "completed", "content": [
                            {"type": "terminal", "terminalId": "x"}]}}  # fmt: skip
    call = command_call("echo hi")
    call["toolCall"]["rawInput"] = {"command": "echo", "args": ["hi"]}
    scene = [{"permit": call, "yes": [make, wait, shown]}, {"say": "ok"}]
    async with staged(tmp_path, [scene]) as stage:
        await stage.run()
        assert [one.facts.tool for one in stage.state.actions.values()] == ["acp:execute"]
        results = [one.text.head for one in stage.state.agents["a"].transcript
                   if one.kind == "result"]  # fmt: skip
        assert results == ["hi\n"]


async def test_a_new_host_waits_for_the_secrets_of_an_agent_and_says_so(tmp_path: Path) -> None:
    script, file = tmp_path / "script.json", tmp_path / "fleet.yaml"
    script.write_text(json.dumps({"scenes": [[{"say": "begun"}, {"wait_cancel": True}]]}))
    command, token = [sys.executable, str(AGENT), str(script)], {"API_TOKEN": "${API_TOKEN}"}
    file.write_text(fleet(command=command, environment=token))
    opening = OpenFleet("", str(file), str(tmp_path), "", {"API_TOKEN": "canary"})
    async with SqliteStore.open(tmp_path / "state.db") as store:
        world = acp_world(tmp_path, store=store)
        async with running(world) as house:
            session = house.session("ann")
            await session.send(opening)
            await session.send(StartRun("f", Payload("go")))
            state = house.engine.state("f")
            await wait_for(session, lambda: bool(state.agents["a"].session))
        await close(world)
    async with SqliteStore.open(tmp_path / "state.db") as store:
        world = acp_world(tmp_path, store=store)
        async with running(world) as house:
            session = house.session("ann")
            agent = house.engine.state("f").agents["a"]
            await wait_for(session, lambda: agent.status == "waiting")
            assert "opened again" in agent.trouble
            await session.send(opening)
            await wait_for(session, lambda: agent.status == "working")
        await close(world)
