"""Places: which folders of the state folder are whose, and one piece of work at a time in each."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from fleettui.adapters.git.repository import Repository, find_repository
from fleettui.adapters.workspaces.shadow import Shadow, open_shadow, wait_alone
from fleettui.core.errors import ToolFailed
from fleettui.core.grounds import Ground

# No agent can be called that: names have no underscore.
SHARED: Final = "_shared"
_AT_ONCE: Final = 4


class Places:
    """The folders below `root`, made 0700; git is found by `path`."""

    def __init__(self, root: Path, path: str, home: str) -> None:
        self.root = os.path.abspath(root)
        entries = [entry for entry in path.split(":") if entry.startswith("/")]
        self._path, self._home = ":".join(entries) or os.defpath, home
        self._locks: dict[str, asyncio.Lock] = {}
        self._alone = False
        self._known: dict[str, Repository] = {}
        self._admins: dict[str, str] = {}
        self._shadows: dict[str, Shadow] = {}
        self.room = asyncio.Semaphore(_AT_ONCE)

    def lock(self, of: str) -> asyncio.Lock:
        """Give the lock of a folder or a repository."""
        return self._locks.setdefault(of, asyncio.Lock())

    def folder(self, fleet: str, agent: str) -> str:
        """Give an agent's own folder, made if it is not there."""
        folder = os.path.join(self.root, fleet, agent)
        os.makedirs(self.root, mode=0o700, exist_ok=True)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        for each in (self.root, os.path.dirname(folder), folder):
            os.chmod(each, 0o700)
        return folder

    def shadow_folder(self, fleet: str, agent: str, ground: Ground) -> str:
        """Give the folder of our git folder over a ground."""
        return os.path.join(self.folder(fleet, _owner(agent, ground)), "git")

    @property
    def state(self) -> str:
        """The state folder: it may stand in a repository, and is none of its files."""
        return os.path.dirname(self.root)

    async def find(self, folder: str) -> Repository | None:
        """Find the repository that a folder stands in; raises ToolFailed."""
        real = os.path.realpath(folder)
        if not os.path.isdir(real):
            raise ToolFailed(f"{folder} is not a folder", "open the fleet in an existing folder")
        return await find_repository(real, self._path, self._home)

    async def operators(self, ground: Ground, *, fresh: bool = False) -> Repository:
        """Give the operator's repository of a ground; raises ToolFailed when it is gone.

        What was found stays known; `fresh` reads its settings again, for what could run a filter.
        """
        known = self._known.get(ground.repository)
        if known is not None and not fresh and os.path.lexists(known.git_dir):
            return known
        found = await self.find(ground.repository)
        if found is None or found.top != ground.repository:
            raise ToolFailed(f"{ground.repository} is no git repository any more", "put it back")
        self._known[ground.repository] = found
        return found

    async def agents(self, ground: Ground) -> Repository:
        """Give the repository as it is seen from a ground: from a worktree, with its own HEAD."""
        mine = await self.operators(ground)
        if ground.kind != "worktree":
            return mine
        admin = await self._admin(mine, ground)
        return Repository(admin, ground.tree, ground.tree, mine.program, mine.env)

    async def shadow(self, fleet: str, agent: str, ground: Ground) -> Shadow:
        """Give our git folder over a ground."""
        folder = self.shadow_folder(fleet, agent, ground)
        known = self._shadows.get(folder)
        if known is not None and known.tree == ground.tree and known.is_there():
            return known
        if not self._alone:
            await asyncio.to_thread(wait_alone, os.path.join(self.state, "workspaces.lock"))
            self._alone = True
        repository = await self.agents(ground)
        self._shadows[folder] = await open_shadow(folder, ground.tree, repository, self.state)
        return self._shadows[folder]

    async def _admin(self, mine: Repository, ground: Ground) -> str:
        """Find git's folder of a worktree; the agent could change the file that names it."""
        known = self._admins.get(ground.tree, "")
        if known and os.path.lexists(known):
            return known
        common = await common_folder(mine)
        found = await asyncio.to_thread(_admin_of, common, ground.tree)
        if not found:
            raise ToolFailed(f"git does not know the worktree {ground.tree}", "start the agent")
        self._admins[ground.tree] = found
        return found


async def common_folder(repository: Repository) -> str:
    """Give the folder that all worktrees of a repository share."""
    said = (await repository.lines("rev-parse", "--git-common-dir")).rstrip("\n")
    return os.path.normpath(os.path.join(repository.workspace, said))


def _owner(agent: str, ground: Ground) -> str:
    return SHARED if ground.kind == "shared" else agent


def _admin_of(common: str, tree: str) -> str:
    folder = os.path.join(common, "worktrees")
    wanted = os.path.join(tree, ".git")
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        try:
            with open(os.path.join(folder, name, "gitdir"), encoding="utf-8") as file:
                if os.path.normpath(file.read().rstrip("\n")) == wanted:
                    return os.path.join(folder, name)
        except OSError:
            continue
    return ""
