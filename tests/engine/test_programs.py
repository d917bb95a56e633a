"""Tools that are programs, scripts and sandboxes, from the fleet's file to what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.processes.sandbox import sandbox_program
from fleettui.adapters.tools.toolbox import LocalToolbox
from fleettui.core.commands import Approve, EditAction, StartRun
from fleettui.core.errors import Refused, ToolFailed
from fleettui.core.model import Payload
from fleettui.core.views.queries import ReadAgents, ReadInbox
from tests.engine.kit import (
    FunctionModel,
    calls,
    fleet_of,
    make_world,
    opened,
    run_to_end,
    submits,
    wait_for,
)

TOOL = """\
apiVersion: aof.dev/v1
kind: Tool
metadata: {{name: cluster}}
spec:
  program: {program}
  args: [--context=stage]
  description: The cluster
  allowed_commands: [get, rollout status]
  blocked_commands: [get secret]
"""


def stub(folder: Path) -> Path:
    """Make a kubectl that only says what it was told, and its declaration."""
    path = folder / "stubs" / "kubectl"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\necho "kubectl $*" | tee -a done\n')
    path.chmod(0o755)
    (folder / "tools").mkdir()
    (folder / "tools" / "cluster.yaml").write_text(TOOL.format(program=path))
    return path


def turns(*steps: Mapping[str, Any]) -> FunctionModel:
    """Give a model that makes these calls, one a step, and then votes."""

    def script(_: object, step: int) -> Any:
        if step < len(steps):
            made = dict(steps[step])
            return calls(made.pop("tool"), **made)
        return submits("approve")

    return FunctionModel(script)


def fleet(tools: list[str], **spec: Any) -> str:
    entry = {"spec": {"tools": [*tools, "submit_result"], **spec}}
    return fleet_of({"a": entry}, mode="peer", consensus={"algorithm": "majority"})


def results(state: Any) -> list[str]:
    return [one.text.head for one in state.agents["a"].transcript if one.kind == "result"]


async def test_a_declared_program_runs_its_allowed_verbs_and_no_other(tmp_path: Path) -> None:
    program = stub(tmp_path)
    model = turns(
        {"tool": "cluster", "args": ["get", "pods"]},
        {"tool": "cluster", "args": ["rollout", "status", "deploy/web"]},
        {"tool": "cluster", "args": ["delete", "ns", "x"]},
        {"tool": "cluster", "args": ["get", "secret", "x"]},
        {"tool": "run", "argv": [str(program), "delete", "ns", "x"]},
        {"tool": "run", "argv": ["timeout", "5", "kubectl", "delete", "ns", "x"]},
    )
    text = fleet(["cluster", "run"])
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        run = await run_to_end(house, session)
        assert run.status == "finished"
        got = results(house.engine.state("f"))
    assert got[:2] == [
        "kubectl --context=stage get pods\n",
        "kubectl --context=stage rollout status deploy/web\n",
    ]
    assert all(text.startswith("Denied by policy: cluster may") for text in got[2:6]), got
    assert (tmp_path / "ws" / "done").read_text().count("\n") == 2


async def test_a_program_without_settings_asks_and_can_be_edited_to_its_own_words(
    tmp_path: Path,
) -> None:
    program = stub(tmp_path)
    (tmp_path / "tools" / "cluster.yaml").write_text(
        TOOL.format(program=program).split("  allowed")[0]
    )
    model = turns({"tool": "cluster", "args": ["apply", "-f", "x"]})
    async with opened(make_world(tmp_path, model), tmp_path, fleet(["cluster"])) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("go")))
        await wait_for(
            session, lambda: any(one.status == "asking" for one in state.actions.values())
        )
        (row,) = await session.read(ReadInbox())
        assert row.action.argv == (str(program), "--context=stage", "apply", "-f", "x")
        assert row.action.arguments == {}
        with pytest.raises(Refused, match="only"):
            await session.send(EditAction("f", row.id, row.version, ("rm", "-rf", "/")))
        words = (str(program), "--context=stage", "apply", "-f", "y")
        await session.send(EditAction("f", row.id, row.version, words))
        (row,) = await session.read(ReadInbox())
        assert (row.action.argv, row.version) == (words, 2)
        await session.send(Approve("f", row.id, 2, row.action.digest, row.nonce))
        await wait_for(session, lambda: len(results(state)) > 1)
    assert results(state)[0] == "kubectl --context=stage apply -f y\n"


async def test_a_plain_script_that_reads_runs_and_any_other_asks(tmp_path: Path) -> None:
    model = turns(
        {"tool": "shell", "script": "ls | wc -l; echo done"},
        {"tool": "shell", "script": 'for x in 1 2; do echo "$x"; done'},
    )
    async with opened(make_world(tmp_path, model), tmp_path, fleet(["shell"])) as (house, session):
        state = house.engine.state("f")
        await session.send(StartRun("f", Payload("go")))
        await wait_for(
            session, lambda: any(one.status == "asking" for one in state.actions.values())
        )
        assert results(state) == ["0\ndone\n"]
        (row,) = await session.read(ReadInbox())
        assert row.action.argv[-1] == 'for x in 1 2; do echo "$x"; done'
        assert row.always == ""
        await session.send(Approve("f", row.id, row.version, row.action.digest, row.nonce))
        await wait_for(session, lambda: len(results(state)) > 2)
        assert results(state)[1] == "1\n2\n"


async def test_only_an_agent_whose_file_names_shell_has_it(tmp_path: Path) -> None:
    model = turns({"tool": "shell", "script": "ls"})
    async with opened(make_world(tmp_path, model), tmp_path, fleet(["run"])) as (house, session):
        await run_to_end(house, session)
        assert "there is no tool 'shell'" in results(house.engine.state("f"))[0]


async def test_absent_programs_are_said_at_load_and_in_the_row(tmp_path: Path) -> None:
    stub(tmp_path)
    (tmp_path / "tools" / "gone.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: Tool\nmetadata: {name: gone}\nspec: {program: no-such}\n"
    )
    text = fleet(["cluster", "gone", "run"])
    async with opened(make_world(tmp_path, turns()), tmp_path, text) as (house, session):
        (row,) = await session.read(ReadAgents())
        assert row.missing_tools == ("gone",)
        (warning,) = [one for one in house.engine.state("f").warnings if "no-such" in one]
    place = text.index('"gone"') + 1
    assert f"fleet.yaml:1:{place}: warning: spec.agents[0].spec.tools[1]: program" in warning


async def test_the_git_tools_stay_reading_unless_verbs_are_listed(tmp_path: Path) -> None:
    text = fleet(["git"])
    async with opened(make_world(tmp_path, turns()), tmp_path, text) as (house, _):
        state = house.engine.state("f")
        assert state.spec_of("a").tools == ("git_diff", "git_log", "git_show", "submit_result")
    listed = fleet(["git"], tool_config={"git": {"allowed_commands": ["status"]}})
    model = turns({"tool": "git", "args": ["--version"]}, {"tool": "git", "args": ["push"]})
    other = tmp_path / "other"
    other.mkdir()
    async with opened(make_world(other, model), other, listed) as (house, session):
        await run_to_end(house, session)
        got = results(house.engine.state("f"))
        assert all("git may only: git status" in text for text in got[:2]), got


async def test_settings_of_run_hold(tmp_path: Path) -> None:
    config = {"run": {"allowed_commands": ["echo", "git status"], "blocked_commands": ["echo no"]}}
    model = turns(
        {"tool": "run", "argv": ["echo", "hi"]},
        {"tool": "run", "argv": ["echo", "no"]},
        {"tool": "run", "argv": ["ls"]},
    )
    text = fleet(["run"], tool_config=config)
    async with opened(make_world(tmp_path, model), tmp_path, text) as (house, session):
        await run_to_end(house, session)
        got = results(house.engine.state("f"))
    assert got[0] == "hi\n"
    assert got[1].startswith("Denied by policy: run may not: echo no")
    assert got[2].startswith("Denied by policy: run may only: echo, git status")


def works() -> bool:
    try:
        return bool(sandbox_program("/usr/bin:/bin"))
    except ToolFailed:
        return False


@pytest.mark.skipif(not works(), reason="bubblewrap is not here, or may not make namespaces")
async def test_a_sandboxed_agent_writes_its_workspace_only_and_its_row_says_so(
    tmp_path: Path,
) -> None:
    model = turns({"tool": "shell", "script": f"echo x > in; echo x > {tmp_path}/out; ls /tmp"})
    async with opened(make_world(tmp_path, model), tmp_path, fleet(["shell"], sandbox=True)) as (
        house,
        session,
    ):
        state = house.engine.state("f")
        (agent,) = await session.read(ReadAgents())
        assert agent.sandbox == "on"
        await session.send(StartRun("f", Payload("go")))
        await wait_for(
            session, lambda: any(one.status == "asking" for one in state.actions.values())
        )
        (row,) = await session.read(ReadInbox())
        assert row.action.sandbox.endswith("/bwrap")
        await session.send(Approve("f", row.id, row.version, row.action.digest, row.nonce))
        await wait_for(session, lambda: len(results(state)) > 1)
    assert (tmp_path / "ws" / "in").exists()
    assert not (tmp_path / "out").exists()


async def test_without_bubblewrap_nothing_runs_and_load_and_row_say_so(tmp_path: Path) -> None:
    model = turns({"tool": "run", "argv": ["/bin/echo", "hi"]})
    world = make_world(tmp_path, model)
    bare = LocalToolbox({"PATH": str(tmp_path / "empty")}, b"k" * 32)
    world = replace(world, toolbox=bare, files=bare)
    path = tmp_path / "fleet.yaml"
    text = fleet(["run"], sandbox=True)
    async with opened(world, tmp_path, text) as (house, session):
        (agent,) = await session.read(ReadAgents())
        assert agent.sandbox == "absent"
        await run_to_end(house, session)
        assert "needs bubblewrap" in results(house.engine.state("f"))[0]
    loaded = world.specs.load_fleet(str(path), {"PATH": str(tmp_path / "empty")})
    assert any("sandbox needs bubblewrap (bwrap)" in warning for warning in loaded.warnings)
