"""MCP servers of a fleet: named in `.mcp.json`, under policy, one lost call unknown, all ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from fleettui.adapters.yaml.specs import check_files
from fleettui.core.commands import Approve, MoveAgent, OpenFleet, StartRun
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadAgents, ReadInbox
from fleettui.engine.session import Session
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, calls, make_world, says

SERVER = str(Path(__file__).parents[1] / "adapters" / "mcp_server.py")
SECRET = "tok-3n-of-the-Fleet-11"
FLEET = """
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: f}
spec:
  agents:
    - name: a
      spec:
        model: openai:test
        instructions: do it
        tools: [read_file, mcp]
        mcp_servers:
          - test
          - {name: gone, command: /no/such/program}
  coordination: {mode: peer}
"""


def written(folder: Path, fleet: str = FLEET) -> Path:
    servers = {
        "test": {
            "command": sys.executable,
            "args": [SERVER],
            "env": {"TOKEN": "${TOKEN}", "FLEETTUI_GO": str(folder / "go")},
        },
        "unused": {"type": "http", "url": "https://example.org/mcp"},
    }
    (folder / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    (folder / "ws").mkdir(exist_ok=True)
    path = folder / "fleet.yaml"
    path.write_text(fleet)
    return path


async def test_a_server_of_the_file_works_under_policy_and_its_end_is_the_agents(
    tmp_path: Path,
) -> None:
    def script(request: object, step: int) -> object:
        names = [tool.name for tool in request.tools]
        assert "mcp__test__echo" in names
        assert "mcp__gone__x" not in names
        asked = [calls("mcp__test__echo", text="hello"), calls("mcp__test__die"), says("done")]
        return asked[min(step, 2)]

    model = FunctionModel(script)
    world = make_world(tmp_path, model)
    path = written(tmp_path)
    environment = {"TOKEN": SECRET, "OPENED": "1"}
    async with running(world) as house:
        session = house.session("ann")
        await session.send(OpenFleet("", str(path), str(tmp_path / "ws"), "", environment))
        state = house.engine.state("f")
        run = await session.send(StartRun("f", Payload("go")))
        await wait_for(session, lambda: any(one.needs for one in state.actions.values()))
        (row,) = await session.read(ReadAgents("f"))
        assert "MCP server gone: program not found" in row.trouble
        assert row.missing_tools == ()
        (item,) = await session.read(ReadInbox())
        assert item.summary == 'mcp__test__echo {"text": "hello"}'
        assert item.always == "mcp__test__echo"
        answer = Approve("f", item.id, item.version, item.action.digest, item.nonce)
        await session.send(answer)
        await wait_for(session, lambda: state.actions[item.id].status == "finished")
        await wait_for(session, lambda: len(state.open_actions) == 1)
        await wait_for(session, lambda: all(state.actions[one].needs for one in state.open_actions))
        (item,) = await session.read(ReadInbox())
        await session.send(Approve("f", item.id, item.version, item.action.digest, item.nonce))
        await wait_for(session, lambda: state.actions[item.id].status == "unknown")
        (lost,) = await session.read(ReadInbox())
        assert (lost.kind, "did not answer" in lost.rule) == ("unknown", True)
        assert state.runs[run].status == "running"
        everything = [row async for row in world.store.read("default", "f")]
        assert SECRET not in repr(everything)
        keepers = [one.keeper for one in world.toolbox._servers._kept.values()]
        assert len(keepers) == 2
        await session.send(MoveAgent("f", "a", "stop"))
        async with asyncio.timeout(60):
            while world.toolbox._servers._kept:
                await asyncio.sleep(0.02)
    assert not _running_here()


async def wait_for(session: Session, condition: Callable[[], bool]) -> None:
    """Wait, by the events of the door, until something holds; a server takes its time to start."""
    async with session.watch() as watch, asyncio.timeout(90):
        while not condition():
            await watch.take()


def _running_here() -> list[str]:
    """Name the processes of this one that are test servers still."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if int(stat[1]) == os.getpid() and SERVER in command and stat[0] != "Z":
            found.append(entry.name)
    return found


def problems(path: Path) -> list[str]:
    return [str(one).partition("fleet.yaml")[2] for one in check_files([str(path)], {"TOKEN": "x"})]


def test_what_a_file_gets_wrong_about_servers_is_said_at_its_place(tmp_path: Path) -> None:
    good = written(tmp_path)
    assert problems(good) == []
    path = written(tmp_path, FLEET.replace("          - test\n", "          - tset\n"))
    (wrong,) = problems(path)
    assert wrong.startswith(":13:13: error: ")
    assert "no server 'tset' in .mcp.json beside this file, it has: test, unused" in wrong
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {"test": {"args": []}}}')
    path.write_text(FLEET)
    assert any("needs 'command' or 'url'" in one for one in problems(path))
    (tmp_path / ".mcp.json").write_text('{"mcpServers": ')
    assert any("is not described, and .mcp.json: " in one for one in problems(path))
    (tmp_path / ".mcp.json").unlink()
    assert any("not found" in one or "No such" in one for one in problems(path)), problems(path)
    hosts = FLEET.replace("tools: [read_file, mcp]", "tools: [http_request, mcp__x__y]")
    settings = "tool_config: {http_request: {allowed_hosts: [https://x.org/y]}}"
    hosts = hosts.partition("        mcp_servers:")[0] + f"        {settings}\n"
    path.write_text(hosts)
    told = problems(path)
    assert any("tool_config.http_request" in one or "write the host alone" in one for one in told)
    assert any("is a tool of an MCP server" in one for one in told)
