"""Runs git so that nothing the repository says can start a program or reach the network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fleettui.adapters.processes.program import KEPT, Ended, run_program
from fleettui.core.errors import ToolFailed

# Settings a repository's own config must not decide: each can run a program, read a file
# elsewhere or change the form of what we parse.
_SETTINGS: Final = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "",
    "core.pager": "cat",
    "core.editor": "false",
    "core.askPass": "false",
    "core.sshCommand": "false",
    "core.bare": "false",
    "core.quotePath": "false",
    "core.attributesFile": "/dev/null",
    "diff.external": "",
    "diff.orderFile": "/dev/null",
    "diff.submodule": "short",
    "diff.ignoreSubmodules": "dirty",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "diff.context": "3",
    "diff.interHunkContext": "0",
    "color.ui": "false",
    "log.showSignature": "false",
    "log.showRoot": "true",
    "gpg.program": "false",
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "grep.fallbackToNoIndex": "false",
}
NO_PROGRAMS: Final = ("--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository a workspace stands in: its `.git`, its top folder, and the workspace."""

    git_dir: str
    top: str
    workspace: str
    program: str
    env: dict[str, str]

    async def git(self, *args: str, most: int = KEPT * 16, timeout: float = 60.0) -> Ended:  # noqa: ASYNC109
        """Run one git command in the workspace and give what it wrote."""
        argv = (
            self.program, "--no-optional-locks", "--no-pager", "--no-replace-objects",
            f"--git-dir={self.git_dir}", f"--work-tree={self.top}", *args,
        )  # fmt: skip
        return await run_program(argv, cwd=self.workspace, env=self.env, most=most, timeout=timeout)

    async def lines(self, *args: str) -> str:
        """Run git and give its output; raises ToolFailed with git's words when it fails."""
        ended = await self.git(*args)
        if ended.timed_out:
            raise ToolFailed(f"git {args[0]} took too long", "ask for one path at a time")
        if ended.exit_code:
            why = ended.errors.decode(errors="replace").strip()[:500]
            raise ToolFailed(f"git {args[0]} failed: {why}", "check the revision and the path")
        return ended.text

    async def commit(self, revision: str) -> str:
        """Give the full id of a commit, empty when there is none of that name."""
        if revision.startswith("-") or not revision.strip():
            raise ToolFailed(
                f"{revision!r} is not a revision", "give a commit id, a branch, a tag or HEAD~1"
            )
        wanted = f"{revision}^{{commit}}"
        ended = await self.git("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        return "" if ended.exit_code else ended.text.strip()

    async def empty_tree(self) -> str:
        """Give the id of the tree without files, in this repository's hash."""
        return (await self.lines("hash-object", "-t", "tree", "/dev/null")).strip()


async def find_repository(root: str, path: str, home: str) -> Repository | None:
    """Find the repository that the resolved folder `root` stands in, itself or above; else None.

    `path` is where programs are looked up. Raises ToolFailed when git is not installed or the
    repository is damaged.
    """
    top = root
    while not os.path.lexists(os.path.join(top, ".git")):
        if top == os.path.dirname(top):
            return None
        top = os.path.dirname(top)
    git_dir = os.path.join(top, ".git")
    found = Repository(git_dir, top, root, git_program(path), git_environment(path, home))
    ended = await found.git("rev-parse", "--git-dir")
    if ended.exit_code:
        why = ended.errors.decode(errors="replace").strip()[:300]
        raise ToolFailed(f"git can't read the repository at {top}: {why}", "check it by `git fsck`")
    found.env.update(await _disarmed(found))
    return found


def git_program(path: str) -> str:
    """Give git's own path; raises ToolFailed when it is not installed."""
    program = shutil.which("git", path=path)
    if program is None:
        raise ToolFailed("git is not installed", "install git, or work without git tools")
    return program


def git_environment(path: str, home: str) -> dict[str, str]:
    """Give the environment in which git asks nobody, fetches nothing and reads no outer config."""
    return {
        "PATH": path,
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_ASKPASS": "false",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_SSH_COMMAND": "false",
        "GIT_TERMINAL_PROMPT": "0",
        **_as_config(_SETTINGS),
    }


def _as_config(settings: Mapping[str, str]) -> dict[str, str]:
    config = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        config |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return config


async def _disarmed(repository: Repository) -> dict[str, str]:
    """Give settings that empty every filter program the repository's config declares."""
    ended = await repository.git("config", "--null", "--name-only", "--list")
    names = {name for name in ended.text.split("\0") if name.startswith("filter.")}
    emptied: dict[str, str] = {}
    for name in sorted({name.rpartition(".")[0] for name in names}):
        emptied |= {f"{name}.{what}": "" for what in ("clean", "smudge", "process")}
        emptied[f"{name}.required"] = "false"
    return _as_config(_SETTINGS | emptied)
