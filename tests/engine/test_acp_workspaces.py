"""Agents over ACP in worktrees of their own: kept, rolled back, undone, and bounded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fleettui.core.commands import RollBack, SendMessage
from fleettui.core.model import Payload
from tests.engine.acp_kit import command_call, ended, scene_of_command, staged
from tests.engine.kit import wait_for
from tests.engine.repositories import git, repository

SESSIONS = {"capabilities": {"loadSession": True}}


async def test_a_file_of_an_agents_own_goes_comes_back_and_never_was_in_your_folder(
    tmp_path: Path,
) -> None:
    top = repository(tmp_path / "ws")
    async with staged(tmp_path, [scene_of_command("touch made")], script=SESSIONS) as stage:
        name = await stage.begin()
        row = await stage.wait_item()
        await stage.allow(row)
        run = await stage.wait_end(name)
        agent = stage.state.agents["a"]
        ground = agent.files.ground
        assert ground is not None
        assert (ground.kind, ground.branch) == ("worktree", "fleettui/f/a")
        mine = Path(ground.path)
        assert (mine / "made").exists()
        assert not (top / "made").exists()
        new = next(one for one in stage.asked() if one.get("method") == "session/new")
        assert new["params"]["cwd"] == str(mine)
        before = next(one for one in agent.checkpoints.values() if one.action == row.id)
        assert before.why == f"before action {row.id}"
        assert "made" not in git(top, "ls-tree", "-r", "--name-only", before.commit)
        assert before.session == "", "it went on in its session"
        kept = agent.session
        assert kept
        undo = await stage.session.send(RollBack("f", "a", before.id))
        assert not (mine / "made").exists()
        assert agent.session == ""
        assert agent.checkpoints[undo].session == kept
        await stage.session.send(RollBack("f", "a", undo))
        assert (mine / "made").exists()
        assert agent.session == kept
        assert run.status == "finished"
        assert git(top, "status", "--porcelain") == ""


async def test_a_rollback_in_the_middle_of_a_turn_waits_for_the_agent_to_rest(
    tmp_path: Path,
) -> None:
    repository(tmp_path / "ws")
    scene = [
        {"permit": command_call("touch one"), "yes": [{"run": "touch one"}, ended()]},
        {"permit": command_call("touch two", "t2"), "yes": [{"run": "touch two"}, ended("t2")]},
        {"say": "done"},
    ]
    async with staged(tmp_path, [scene, [{"say": "again"}]]) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        await wait_for(
            stage.session,
            lambda: any(one.status == "asking" for one in stage.state.actions.values()),
        )
        agent = stage.state.agents["a"]
        ground = agent.files.ground
        assert ground is not None
        assert (Path(ground.path) / "one").exists()
        before = next(one for one in agent.checkpoints.values() if one.action)
        await stage.session.send(RollBack("f", "a", before.id))
        run = await stage.wait_end(name)
        assert not (Path(ground.path) / "one").exists()
        assert not any(one.status == "asking" for one in stage.state.actions.values())
        assert stage.output(run) == "again"


async def test_limits_and_the_mark_hold_for_an_agent_and_its_terminals(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    limits = {"cpu": 1, "timeout": "1s"}
    look = f"echo $FLEETTUI_AGENT $(nproc) >> {marks}"
    scene = [
        {"run": look},
        {"ask": "terminal/create",
         "params": {"command": "sh", "args": ["-c", f"{look}; sleep 1000"]}},
        {"ask": "terminal/wait_for_exit", "params": {"terminalId": "<terminalId>"}},
        {"ask": "terminal/output", "params": {"terminalId": "<terminalId>"}},
        {"say": "done"},
    ]  # fmt: skip
    async with staged(tmp_path, [scene], resource_limits=limits) as stage:
        name = await stage.begin()
        await stage.allow(await stage.wait_item())
        run = await stage.wait_end(name)
        assert stage.output(run) == "done"
        told = json.dumps([one["answer"] for one in stage.asked() if "answer" in one])
        assert "[stopped after 1 s: resource_limits.timeout]" in told
    assert marks.read_text() == "f/a 1\n" * 2


async def test_mail_opens_a_turn_of_an_agent_over_acp(tmp_path: Path) -> None:
    async with staged(tmp_path, [[{"say": "read it"}]]) as stage:
        await stage.session.send(SendMessage("f", "a", Payload("hello there")))
        await wait_for(
            stage.session,
            lambda: any(turn.status == "finished" for turn in stage.state.turns.values()),
        )
        assert "hello there" in stage.prompts()[0]["prompt"]


async def test_a_program_over_its_memory_died_and_is_tried_again(tmp_path: Path) -> None:
    grow = f"{sys.executable} -c 'x = []\nwhile True: x.append(bytes([1]) * 1000000)'"
    script = {"scenes": [[{"run": grow}, {"crash": 1}], [{"say": "whole"}]]}
    async with staged(tmp_path, script["scenes"], resource_limits={"memory": "120MB"}) as stage:
        run = await stage.run()
        assert run.status == "finished"
        assert "it used more than 120 MB: resource_limits.memory" in json.dumps(stage.log())
