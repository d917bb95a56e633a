"""Flows follow their files: broken ones keep the last good version, deleted ones are gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fleettui.adapters.yaml.flows import LoadedFlows
from fleettui.adapters.yaml.reloading import ReloadingFlows

Following = AsyncIterator[LoadedFlows]


def write(folder: Path, name: str, *, channel: str = "production", flow: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {{name: {flow or path.stem}}}
spec:
  trigger: {{type: Manual, config: {{channels: [{channel}]}}}}
  agents: [{{name: a, model: "builtin:review", instructions: look}}]
"""
    )
    return path


def names(loaded: LoadedFlows) -> list[str]:
    return [flow.name for flow in loaded.flows]


def channels(loaded: LoadedFlows) -> list[str | int]:
    found = [flow.spec.trigger for flow in loaded.flows]
    return [channel for trigger in found if trigger for channel in trigger.config.channels]


async def until(following: Following, holds: Callable[[LoadedFlows], bool]) -> LoadedFlows:
    """Follow until something holds; the test's timeout ends what never does."""
    async for loaded in following:
        if holds(loaded):
            return loaded
    raise AssertionError("the flows are followed no more")


def test_a_broken_file_keeps_its_last_good_version_and_tells_the_error(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    good = write(tmp_path, "one.yaml")
    write(tmp_path, "two.yaml")
    assert names(flows.load()) == ["one", "two"]
    good.write_text(good.read_text().replace("Manual", "Manul"))
    loaded = flows.load()
    assert names(loaded) == ["one", "two"]
    assert channels(loaded) == ["production", "production"]
    told = [str(problem) for problem in loaded.problems]
    assert any("one.yaml:5:19: error" in line and "did you mean 'Manual'" in line for line in told)
    assert any("the last good version of the file goes on (one)" in line for line in told)


def test_a_file_cut_off_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    text = write(tmp_path, "one.yaml").read_text()
    flows.load()
    for cut in (0, 30, text.index("spec:"), text.index("channels") + 4, len(text) - 3):
        (tmp_path / "one.yaml").write_text(text[:cut])
        loaded = flows.load()
        assert channels(loaded) == ["production"], text[:cut]
        assert any(problem.severity == "error" for problem in loaded.problems)
    (tmp_path / "one.yaml").write_text(text)
    assert flows.load().problems == ()


def test_a_file_that_was_never_good_gives_nothing(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    (tmp_path / "one.yaml").write_text("kind: AgentFlow\n")
    loaded = flows.load()
    assert loaded.flows == ()
    assert loaded.problems


def test_a_deleted_and_a_renamed_file(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    one = write(tmp_path, "one.yaml")
    two = write(tmp_path, "two.yaml")
    flows.load()
    one.unlink()
    two.rename(tmp_path / "three.yaml")
    loaded = flows.load()
    assert [(flow.name, Path(flow.file).name) for flow in loaded.flows] == [("two", "three.yaml")]


def test_a_name_that_moves_from_file_to_file_is_one_flow(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    write(tmp_path, "one.yaml", flow="same")
    flows.load()
    write(tmp_path, "two.yaml", flow="same", channel="staging")
    loaded = flows.load()
    assert channels(loaded) == ["production"]
    assert any("flow 'same' is there already" in str(problem) for problem in loaded.problems)


def test_flows_go_on_without_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    write(folder, "one.yaml")
    flows = ReloadingFlows(str(folder), {})
    flows.load()
    folder.rename(tmp_path / "away")
    loaded = flows.load()
    assert names(loaded) == ["one"]
    assert [problem.severity for problem in loaded.problems] == ["error"]


def test_what_is_told_of_a_file_that_did_not_change_is_told_each_time(tmp_path: Path) -> None:
    flows = ReloadingFlows(str(tmp_path), {})
    write(tmp_path, "one.yaml", flow="same")
    write(tmp_path, "two.yaml", flow="same")
    first = flows.load()
    assert flows.load(changed=[]) == first
    (tmp_path / "one.yaml").unlink()
    last = flows.load(changed=[str(tmp_path / "one.yaml")])
    assert (names(last), last.problems) == (["same"], ())


def test_a_tool_that_changes_is_seen_by_all(tmp_path: Path) -> None:
    write(tmp_path / "flows", "one.yaml")
    flows = ReloadingFlows(str(tmp_path / "flows"), {})
    assert flows.load().flows[0].programs == ()
    tool = tmp_path / "tools" / "t.yaml"
    tool.parent.mkdir()
    tool.write_text(
        "apiVersion: aof.dev/v1\nkind: Tool\nmetadata: {name: t}\nspec: {program: make}\n"
    )
    assert [one["name"] for one in flows.load(changed=[str(tool)]).flows[0].programs] == ["t"]


@pytest.mark.timeout(60)
async def test_changes_are_followed_as_they_come(tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    write(folder, "one.yaml")
    flows = ReloadingFlows(str(folder), {})
    flows.load()
    stop = asyncio.Event()
    following = aiter(flows.follow(stop))
    write(folder, "deep/two.yaml")
    await until(following, lambda now: names(now) == ["two", "one"] or len(now.flows) == 2)
    write(folder, "one.yaml", channel="staging")
    await until(following, lambda now: "staging" in channels(now))
    (folder / "one.yaml").write_text("spec: [")
    broken = await until(following, lambda now: bool(now.problems))
    assert "staging" in channels(broken)
    (folder / "one.yaml").unlink()
    mended = await until(following, lambda now: names(now) == ["two"])
    assert mended.problems == ()
    folder.rename(tmp_path / "away")
    lost = await until(following, lambda now: bool(now.problems))
    assert names(lost) == ["two"]
    (tmp_path / "away").rename(folder)
    back = await until(following, lambda now: not now.problems)
    assert names(back) == ["two"]
    stop.set()
    assert [one async for one in following] == []


@pytest.mark.timeout(60)
async def test_an_agent_that_comes_later_is_found(tmp_path: Path) -> None:
    flow = write(tmp_path / "flows", "one.yaml")
    text = flow.read_text()
    flow.write_text(text.replace(', model: "builtin:review", instructions: look', ""))
    flows = ReloadingFlows(str(tmp_path / "flows"), {})
    assert "no file has an agent 'a'" in str(flows.load().problems[0])
    agents = tmp_path / "agents"
    agents.mkdir()
    following = aiter(flows.follow())
    (agents / "a.yaml").write_text(
        "apiVersion: aof.dev/v1\nkind: Agent\nmetadata: {name: a}\n"
        'spec: {model: "builtin:review", instructions: look}\n'
    )
    found = await until(following, lambda now: not now.problems)
    assert found.flows[0].agents["a"]["model"] == "builtin:review"


AGENT = """apiVersion: aof.dev/v1
kind: Agent
metadata: {name: ops}
spec: {model: 'builtin:review', instructions: look}
"""
FLEET = """apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: team}
spec:
  agents: [{name: one, spec: {model: 'builtin:review', instructions: look}}]
  coordination: {mode: peer}
"""
NAMING = """apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: by-name}
spec: {trigger: {type: Manual}, agents: [{name: ops}]}
---
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: by-fleet}
spec: {trigger: {type: Manual}, fleet: team}
---
apiVersion: aof.dev/v1
kind: AgentFlow
metadata: {name: by-file}
spec: {trigger: {type: Manual}, agents: [{name: part, config: parts/part.yaml}]}
"""


def deployment(folder: Path) -> tuple[Path, Path]:
    """Write a flow by each way to name what it runs; gives the files of its agent and its fleet."""
    for name, text in (
        ("agents/ops.yaml", AGENT), ("fleets/team.yaml", FLEET), ("flows/naming.yaml", NAMING),
        ("flows/parts/part.yaml", AGENT.replace("ops", "part")),
    ):  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder / "agents" / "ops.yaml", folder / "fleets" / "team.yaml"


def told(loaded: LoadedFlows) -> str:
    return "\n".join(map(str, loaded.problems))


def test_what_a_flow_names_goes_on_while_its_file_is_broken(tmp_path: Path) -> None:
    agent, fleet = deployment(tmp_path)
    flows = ReloadingFlows(str(tmp_path / "flows"), {})
    before = flows.load()
    assert not before.problems
    for file in (agent, fleet):
        file.write_text("spec: [")
    broken = flows.load(changed={str(agent), str(fleet)})
    assert broken.flows == before.flows
    assert "ops.yaml:1:7: error" in told(broken) or "ops.yaml:2:1: error" in told(broken)
    assert "the last good version of the file goes on (ops)" in told(broken)
    assert "the last good version of the file goes on (team)" in told(broken)
    agent.unlink()
    assert "no file has an agent 'ops'" in told(flows.load(changed={str(agent)}))
    agent.write_text("spec: [")
    assert "no file has an agent 'ops'" in told(flows.load(changed={str(agent)}))


def test_every_flow_of_an_agent_gets_its_change(tmp_path: Path) -> None:
    agent, _ = deployment(tmp_path)
    part = tmp_path / "flows" / "parts" / "part.yaml"
    flows = ReloadingFlows(str(tmp_path / "flows"), {})
    flows.load()
    for file in (agent, part):
        file.write_text(file.read_text().replace("builtin:review", "builtin:logs"))
    after = {flow.name: flow for flow in flows.load(changed={str(agent), str(part)}).flows}
    assert after["by-name"].agents["ops"]["model"] == "builtin:logs"
    assert after["by-file"].agents["part"]["model"] == "builtin:logs"


async def test_a_folder_that_is_not_watched_waits_for_a_change_elsewhere(tmp_path: Path) -> None:
    agent, _ = deployment(tmp_path)
    folder = str(tmp_path / "flows")
    watched = {Path(path).name for path in ReloadingFlows(folder, {})._watched()}
    assert watched == {"flows", "agents", "fleets"}
    flows = ReloadingFlows(folder, {}, unwatched=["agents"])
    flows.load()
    assert {Path(path).name for path in flows._watched()} == {"flows", "fleets"}
    agent.write_text(AGENT.replace("builtin:review", "builtin:logs"))
    write(tmp_path / "flows", "new.yaml")
    loaded = await until(flows.follow(), lambda one: "new" in names(one))
    assert {flow.name: flow for flow in loaded.flows}["by-name"].agents["ops"]["model"] == (
        "builtin:logs"
    )
