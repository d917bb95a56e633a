"""Git for tools: the repository of a workspace, and what of it looks secret."""

from __future__ import annotations

from fleettui.adapters.git import repository
from fleettui.adapters.git.repository import NO_PROGRAMS, Repository
from fleettui.adapters.tools.tool import Surroundings
from fleettui.adapters.tools.workspace import SECRET_GLOBS, real_root

__all__ = [
    "NO_PROGRAMS",
    "Repository",
    "but_secrets",
    "find_repository",
    "git_environment",
    "git_program",
]


async def find_repository(workspace: str, around: Surroundings) -> Repository | None:
    """Find the repository a workspace stands in, itself or a folder above; None without one.

    Raises ToolFailed when git is not installed or the repository is damaged.
    """
    return await repository.find_repository(real_root(workspace), around.path, _home(around))


def git_program(around: Surroundings) -> str:
    """Give git's path; raises ToolFailed when it is not installed."""
    return repository.git_program(around.path)


def git_environment(around: Surroundings) -> dict[str, str]:
    """Give the environment in which git asks nobody, fetches nothing and reads no outer config."""
    return repository.git_environment(around.path, _home(around))


def _home(around: Surroundings) -> str:
    return around.environment.get("HOME", "/")


def but_secrets() -> tuple[str, ...]:
    """Give the path patterns that leave out files that look like secrets."""
    return tuple(f":(exclude,icase,glob)**/{glob}" for glob in SECRET_GLOBS)
