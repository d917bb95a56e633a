"""Worktrees: an agent's own folder on its own branch, made, renewed and taken away."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import Final

from fleettui.adapters.git.repository import Repository
from fleettui.adapters.workspaces.history import GitHistory, hold, put_head, take_over
from fleettui.adapters.workspaces.places import SHARED, Places
from fleettui.core.errors import ToolFailed
from fleettui.core.grounds import Ground

SUBMODULES: Final = "the repository's submodules are not checked out here"
UNCOMMITTED: Final = "began with the operator's uncommitted changes"


class GitWorkspaces:
    """Satisfies ports.Workspaces with git."""

    def __init__(self, places: Places, history: GitHistory) -> None:
        self._places, self._history = places, history

    async def look(self, folder: str) -> Ground:
        """Say what a fleet's folder is to git; its `note` says why it is nothing."""
        real = os.path.realpath(folder)
        try:
            found = await self._places.find(folder)
        except ToolFailed as failure:
            return Ground("shared", folder, note=str(failure))
        if found is None:
            return Ground("shared", folder, note=f"{folder} is in no git repository")
        head = await found.commit("HEAD")
        note = "" if head else f"the repository {found.top} has no commit yet"
        return Ground("shared", real, found.top, found.top, base=head, note=note)

    def is_there(self, ground: Ground) -> bool:
        """Say whether a ground that was made is still there."""
        if ground.kind == "worktree":
            return os.path.lexists(os.path.join(ground.tree, ".git"))
        return ground.kind == "shared" or os.path.isdir(ground.path)

    async def plan(self, fleet: str, agent: str, shared: Ground) -> Ground:
        """Choose folder and branch of a new worktree, and keep what it shall begin with."""
        kept = await self._history.keep(fleet, SHARED, shared, "")
        mine = await self._places.operators(shared)
        folder = os.path.join(self._places.folder(fleet, agent), "")
        branch, tree = f"fleettui/{fleet}/{agent}", f"{folder}{fleet}-{agent}"
        for number in range(2, 1000):
            taken = os.path.lexists(tree) or await mine.commit(f"refs/heads/{branch}")
            if not taken:
                break
            # Of an earlier life, with work nobody merged perhaps: it stays.
            branch = f"fleettui/{fleet}/{agent}-{number}"
            tree = f"{folder}{fleet}-{agent}-{number}"
        await hold(mine, f"refs/fleettui/{fleet}/{agent}/start-{kept.commit[:12]}", kept.commit)
        notes = await self._notes(mine, kept.commit)
        return _ground(shared, tree, branch, await _head(mine), kept.commit, notes)

    async def renewed(self, fleet: str, agent: str, shared: Ground, mine: Ground) -> Ground | None:
        """Give a worktree as it would begin now, None where it begins so already, or has work."""
        if not self.is_there(mine) or await self.has_work(fleet, agent, mine):
            return None
        kept = await self._history.keep(fleet, SHARED, shared, "")
        repository = await self._places.operators(shared)
        head = await _head(repository)
        pairs = [(mine.start, kept.commit)]
        if mine.base == head and not (await self._history.paths(fleet, agent, mine, pairs))[0]:
            return None
        ref = f"refs/fleettui/{fleet}/{agent}/start-{kept.commit[:12]}"
        await hold(repository, ref, kept.commit)
        notes = await self._notes(repository, kept.commit)
        return _ground(shared, mine.tree, mine.branch, head, kept.commit, notes)

    async def _notes(self, mine: Repository, start: str) -> str:
        same = await mine.git("diff-tree", "--quiet", f"{start}^", start)
        modules = await mine.git("cat-file", "-e", f"{start}:.gitmodules")
        notes = (UNCOMMITTED if same.exit_code else "", "" if modules.exit_code else SUBMODULES)
        return "; ".join(note for note in notes if note)

    async def make(self, fleet: str, agent: str, ground: Ground, fill: str) -> None:
        """Make a ground, or bring it to what it shall be; done again, it comes to the same.

        `fill` is the commit of its files. Raises ToolFailed.
        """
        if ground.kind == "none":
            await asyncio.to_thread(os.makedirs, ground.path, 0o700, exist_ok=True)
        if ground.kind != "worktree":
            return
        mine = await self._places.operators(ground)
        folder = self._places.shadow_folder(fleet, agent, ground)
        async with self._places.room, self._places.lock(ground.repository):
            if not self.is_there(ground):
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                await self._add(mine, ground, fill)
            async with self._places.lock(folder):
                shadow = await self._places.shadow(fleet, agent, ground)
                now, _ = await shadow.sync()
                await take_over(shadow, now, fill)
                await put_head(await self._places.agents(ground), ground, shadow, fill)
        await asyncio.to_thread(os.makedirs, ground.path, 0o700, exist_ok=True)

    async def _add(self, mine: Repository, ground: Ground, fill: str) -> None:
        await mine.lines("worktree", "prune")
        await asyncio.to_thread(shutil.rmtree, ground.tree, ignore_errors=True)
        there = await mine.commit(f"refs/heads/{ground.branch}")
        how = (ground.tree, ground.branch) if there else (
            "-b", ground.branch, ground.tree, f"{fill}^",
        )  # fmt: skip
        await mine.lines("worktree", "add", "--no-checkout", "--quiet", "--force", *how)

    def private(self, fleet: str, agent: str) -> Ground:
        """Give an empty folder of an agent's own."""
        return Ground("none", os.path.join(self._places.folder(fleet, agent), "private"))

    async def has_work(self, fleet: str, agent: str, ground: Ground) -> bool:
        """Say whether a worktree has work that the operator's branch has not."""
        if not self.is_there(ground):
            return False
        found = await self._history.paths(fleet, agent, ground, [(ground.start, "")])
        if found[0]:
            return True
        mine = await self._places.operators(ground)
        head = await (await self._places.agents(ground)).commit("HEAD")
        if head == ground.base:
            return False
        return bool((await mine.git("merge-base", "--is-ancestor", head, "HEAD")).exit_code)

    async def remove(self, fleet: str, agent: str, ground: Ground) -> None:
        """Take a worktree and its branch away, whatever is in them."""
        mine = await self._places.operators(ground)
        async with self._places.lock(ground.repository):
            await asyncio.to_thread(shutil.rmtree, ground.tree, ignore_errors=True)
            await mine.lines("worktree", "prune")
            await mine.git("update-ref", "-d", f"refs/heads/{ground.branch}")
            folder = self._places.shadow_folder(fleet, agent, ground)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _ground(shared: Ground, tree: str, branch: str, head: str, start: str, note: str) -> Ground:
    below = os.path.relpath(shared.path, shared.tree)
    path = os.path.normpath(os.path.join(tree, below))
    return Ground("worktree", path, tree, shared.repository, branch, head, start, note)


async def _head(mine: Repository) -> str:
    head = await mine.commit("HEAD")
    if not head:
        raise ToolFailed(f"{mine.top} has no commit yet", "commit something, or share the folder")
    return head
