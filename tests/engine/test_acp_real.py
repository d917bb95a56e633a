"""opencode and Claude Code themselves, in an engine: asked, allowed, told why not, taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Said, ScriptedServer, Seen
from fleettui.core.commands import RollBack
from tests.adapters.agents import real
from tests.engine.acp_kit import Stage, acp_world, close, fleet
from tests.engine.kit import opened, wait_for

AGENTS = {
    "opencode": ("opencode", "bash", real.opencode_server, real.opencode_environment),
    "claude-code": ("claude-agent-acp", "Bash", real.claude_server, real.claude_environment),
}


def fleet_of(name: str, server: ScriptedServer) -> str:
    kind = "claude-code" if name == "claude-code" else "acp"
    command = [] if kind == "claude-code" else ["opencode", "acp"]
    return fleet(kind, command=command, environment=dict(AGENTS[name][3](server)))


@pytest.mark.parametrize("name", AGENTS)
async def test_a_real_agent_asks_runs_and_reports_its_use(tmp_path: Path, name: str) -> None:
    program, shell, serve, _ = AGENTS[name]
    real.need(program)

    def turn(_: Seen, came_back: bool) -> Said:
        command = "echo hello > made.txt && cat made.txt"
        return Said("The file is made.") if came_back else real.shell_call(shell, command)

    world = acp_world(tmp_path)
    with serve(turn) as server:
        async with opened(world, tmp_path, fleet_of(name, server)) as (house, session):
            stage = Stage(house, session, tmp_path)
            run = await stage.begin("make the file")
            row = await stage.wait_item()
            assert row.action is not None
            assert row.action.tool == "acp:execute"
            assert row.action.arguments["script"] == "echo hello > made.txt && cat made.txt"
            assert not (stage.workspace / "made.txt").exists()
            await stage.allow(row)
            done = await stage.wait_end(run)
            assert (done.status, stage.output(done)) == ("finished", "The file is made.")
            assert (stage.workspace / "made.txt").read_text() == "hello\n"
            action = stage.state.actions[row.id]
            assert (action.status, action.ok) == ("finished", True)
            bill = stage.state.agents["a"].bill
            assert bill.input_tokens > 0
            assert bill.output_tokens > 0
            await close(world)


@pytest.mark.parametrize("name", AGENTS)
async def test_a_real_agent_is_told_why_it_was_denied(tmp_path: Path, name: str) -> None:
    program, shell, serve, _ = AGENTS[name]
    real.need(program)

    def turn(seen: Seen, came_back: bool) -> Said:
        if "keep your hands off" in real.spoken(seen):
            return Said("I leave it.")
        return Said("What now?") if came_back else real.shell_call(shell, "touch made.txt")

    world = acp_world(tmp_path)
    with serve(turn) as server:
        async with opened(world, tmp_path, fleet_of(name, server)) as (house, session):
            stage = Stage(house, session, tmp_path)
            run = await stage.begin("make the file")
            await stage.deny(await stage.wait_item(), "keep your hands off")
            done = await stage.wait_end(run)
            assert stage.output(done) == "I leave it."
            assert not (stage.workspace / "made.txt").exists()
            await close(world)


@pytest.mark.parametrize("name", AGENTS)
async def test_a_rollback_takes_a_real_agents_memory_back(tmp_path: Path, name: str) -> None:
    program, _, serve, _ = AGENTS[name]
    real.need(program)

    def turn(seen: Seen, _: bool) -> Said:
        return Said(f"answer {len(re.findall('question', real.spoken(seen)))}")

    world = acp_world(tmp_path)
    with serve(turn) as server:
        async with opened(world, tmp_path, fleet_of(name, server)) as (house, session):
            stage = Stage(house, session, tmp_path)
            await stage.run("question one")
            await stage.run("question two")
            agent = stage.state.agents["a"]
            assert "question one" in real.spoken(real.said_by_tools(server)[-1])
            before_two = list(agent.checkpoints)[1]
            kept: Any = agent.checkpoints[before_two].session
            assert kept, "the checkpoint keeps a session that nobody wrote to since"
            await session.send(RollBack("f", "a", before_two))
            await wait_for(session, lambda: agent.status == "idle")
            await stage.run("question three")
            spoken = real.spoken(real.said_by_tools(server)[-1])
            assert "question one" in spoken
            assert "question three" in spoken
            assert "question two" not in spoken
            assert any("forked from" in text for _, text in stage.log())
            await close(world)


async def test_claude_code_asks_for_everything_whatever_the_project_allows(tmp_path: Path) -> None:
    program, shell, serve, _ = AGENTS["claude-code"]
    real.need(program)
    settings = tmp_path / "ws" / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"permissions": {"allow": ["Bash", "Bash(touch:*)", "Bash(ls:*)"]}}')

    def turn(seen: Seen, came_back: bool) -> Said:
        if "touch made.txt" in real.spoken(seen):
            return Said("done")
        return real.shell_call(shell, "touch made.txt" if came_back else "ls")

    world = acp_world(tmp_path)
    with serve(turn) as server:
        async with opened(world, tmp_path, fleet_of("claude-code", server)) as (house, session):
            stage = Stage(house, session, tmp_path)
            run = await stage.begin("make the file")
            row = await stage.wait_item()
            assert row.action is not None
            assert row.action.argv == ("touch", "made.txt")
            assert next(iter(stage.state.actions.values())).rule == "it only reads"
            await stage.allow(row)
            await stage.wait_end(run)
            assert (stage.workspace / "made.txt").exists()
            await close(world)
