"""Two tenants with one fleet file in one folder at once: the folder is common, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.commands import (
    Approve,
    ForkAgent,
    MakeCheckpoint,
    MergeAgent,
    MoveAgent,
    OpenFleet,
    RemoveWorkspace,
    RollBack,
    StartRun,
)
from fleettui.core.errors import Refused
from fleettui.core.model import ModelReply, ModelRequest, Payload
from fleettui.core.views.queries import (
    ReadCheckpoints,
    ReadDiff,
    ReadInbox,
    ReadLog,
    ReadMemory,
    ReadReport,
    ReadWorkspaces,
)
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.kit import FunctionModel, asked, calls, make_world, says, wait_for
from tests.engine.repositories import git, repository
from tests.engine.test_workspaces import fleet

TENANTS = ("acme", "globex")


def script(request: ModelRequest, step: int) -> ModelReply:
    """Write the task into a file that is called by its last word."""
    task = asked(request)
    if step == 0:
        return calls("write_file", path=f"{task.split()[-1]}.txt", content=task)
    return says(f"done: {task}")


class Both:
    """The doors of both tenants, each to its own fleet `f`."""

    def __init__(self, house: House, repo: Path) -> None:
        self.house, self.repo = house, repo
        self.doors = {name: house.session("ann", name) for name in TENANTS}

    async def run(self, tenant: str, task: str) -> None:
        """Give a task, allow what is asked, and wait for its end."""
        door: Session = self.doors[tenant]
        state = self.house.engine.state(f"f@{tenant}")
        name = await door.send(StartRun("f", Payload(task)))
        run = state.runs[name]

        def asks() -> bool:
            return any(state.actions[one].status == "asking" for one in state.open_actions)

        while not run.report:
            await wait_for(door, lambda: bool(run.report) or asks())
            for row in await door.read(ReadInbox()):
                if row.action is not None:
                    yes = Approve(row.fleet, row.id, row.version, row.action.digest, row.nonce)
                    await door.send(yes)

    def tree(self, tenant: str, agent: str = "a") -> Path:
        ground = self.house.engine.state(f"f@{tenant}").agents[agent].files.ground
        assert ground is not None
        return Path(ground.path)

    async def told(self, tenant: str) -> str:
        door = self.doors[tenant]
        reads: list[Any] = [
            ReadDiff(agent="a"), ReadLog(full=True), ReadWorkspaces(), ReadReport(),
            ReadCheckpoints(agent="a"), ReadMemory(),
        ]  # fmt: skip
        return "\n".join([repr(await door.read(one)) for one in reads])


@asynccontextmanager
async def both(tmp_path: Path, workspace: str) -> AsyncIterator[Both]:
    repo = repository(tmp_path / "repo")
    path = tmp_path / "fleet.yaml"
    path.write_text(fleet("a", workspace=workspace))
    tenants = MemoryTenants({name: {} for name in TENANTS})
    world = make_world(tmp_path, FunctionModel(script), tenants=tenants)
    async with running(world) as house:
        made = Both(house, repo)
        opening = OpenFleet("", str(path), str(repo), "", {"OPENED": "1"})
        ids = await asyncio.gather(*(door.send(opening) for door in made.doors.values()))
        assert ids == [f"f@{name}" for name in TENANTS]
        yield made


async def test_worktrees_branches_and_references_are_each_tenants_own(tmp_path: Path) -> None:
    async with both(tmp_path, "worktree") as at:
        await asyncio.gather(*(at.run(name, f"canary of-{name}") for name in TENANTS))
        points = {}
        for name, door in at.doors.items():
            assert sorted(p.name for p in at.tree(name).glob("of-*")) == [f"of-{name}.txt"]
            points[name] = await door.send(MakeCheckpoint("f", "a"))
        branches = git(at.repo, "for-each-ref", "--format=%(refname)", "refs/heads").split()
        assert {f"refs/heads/fleettui/f@{name}/a" for name in TENANTS} <= set(branches)
        assert at.tree("acme") != at.tree("globex")
        for name, other in (TENANTS, TENANTS[::-1]):
            told = await at.told(name)
            assert f"canary of-{name}" in told
            assert f"of-{other}" not in told
            assert f"f@{other}" not in told
        # All at once, in one repository: going back, forking and merging.
        await asyncio.gather(*(at.run(name, f"more from-{name}") for name in TENANTS))
        await asyncio.gather(
            at.doors["acme"].send(RollBack("f", "a", points["acme"])),
            at.doors["globex"].send(ForkAgent("f", "a", points["globex"], "b")),
        )
        assert not (at.tree("acme") / "from-acme.txt").exists()
        assert (at.tree("globex") / "from-globex.txt").exists()
        assert sorted(p.name for p in at.tree("globex", "b").glob("*-*")) == ["of-globex.txt"]
        for name, door in at.doors.items():
            await door.send(MergeAgent("f", "a"))
            assert f"of-{name}.txt" in git(at.repo, "ls-files")
        # What one takes away, the other keeps.
        globex, kept, gone = at.doors["globex"], at.tree("acme"), at.tree("globex", "b")
        await globex.send(MergeAgent("f", "b"))
        await globex.send(MoveAgent("f", "b", "stop"))
        await globex.send(RemoveWorkspace("f", "b"))
        await wait_for(globex, lambda: not gone.exists())
        assert kept.exists()
        assert "fleettui/f@acme/a" in git(at.repo, "branch", "--list", "--all")


async def test_a_shared_folder_is_common_by_nature_and_nobody_goes_over_the_others_work(
    tmp_path: Path,
) -> None:
    async with both(tmp_path, "shared") as at:
        await at.run("acme", "canary of-acme")
        point = await at.doors["acme"].send(MakeCheckpoint("f", "a"))
        await at.run("globex", "canary of-globex")
        # Both work in the very folder: what lies there is seen by both.
        assert {"of-acme.txt", "of-globex.txt"} <= {p.name for p in at.repo.iterdir()}
        # What one did is no business of the other's record.
        for name, other in (TENANTS, TENANTS[::-1]):
            told = await at.told(name)
            assert f"canary of-{other}" not in told
            assert f"f@{other}" not in told
        # Nor taken back by the other.
        with pytest.raises(Refused, match=r"somebody else than a changed of-globex\.txt"):
            await at.doors["acme"].send(RollBack("f", "a", point))
        assert (at.repo / "of-globex.txt").exists()
