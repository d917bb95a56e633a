"""A sandbox by bubblewrap: the workspace may be written, the rest only read, and no network."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from fleettui.adapters.processes import launch
from fleettui.core.errors import ToolFailed

PROGRAM: Final = "bwrap"
# Everything of its own: users, processes, network, host name, IPC; no capability is left.
_APART: Final = (
    "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
)  # fmt: skip
# Replaced by empty folders of its own: what others keep there is not for an agent.
_MASKED: Final = ("/tmp", "/var/tmp", "/run", "/root", "/home", "/media", "/mnt")  # noqa: S108
_LAUNCHER: Final = "/run/fleettui/launch.py"
_MEND: Final = "install bubblewrap (apt-get install bubblewrap), or take sandbox out of the file"


def sandbox_program(path: str) -> str:
    """Give the program that makes sandboxes; raises ToolFailed where there is none that works."""
    found = shutil.which(PROGRAM, path=path)
    if found is None:
        raise ToolFailed("the sandbox of this agent needs bubblewrap, which is not here", _MEND)
    real = os.path.realpath(found)
    if problem := _trouble(real, os.stat(real).st_mtime_ns):
        raise ToolFailed(f"the sandbox of this agent does not work here: {problem}", _MEND)
    return real


@functools.lru_cache(maxsize=8)
def _trouble(program: str, _changed: int) -> str:
    """Try a sandbox once, and say what is wrong with it."""
    try:
        done = subprocess.run(  # noqa: S603 - a resolved path
            [program, *_APART, "/bin/true"],
            capture_output=True,
            check=False,
            timeout=10,
            env={"PATH": "/usr/bin:/bin"},
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with {done.returncode}"


def confined(
    sandbox: str, checked: Sequence[str], workspace: str, env: dict[str, str], hidden: Iterable[str]
) -> tuple[str, ...]:
    """Give the argv that runs `checked` (program, hash, folder, inode, argv...) in a sandbox.

    The launcher runs inside again, so that what starts there is what was approved. `hidden` are
    further folders that must not be seen, such as the host's state.
    """
    program, python = checked[0], os.path.realpath(sys.executable)
    masks = [one for one in {*_MASKED, *_home(env), *map(os.path.realpath, hidden)} if _folder(one)]
    needed = {
        *_prefixes(program),
        *env.get("PATH", "").split(":"),
        os.path.realpath(sys.base_prefix),
    }
    shown = [one for one in needed if _folder(one) and any(_below(one, mask) for mask in masks)]
    mounts: list[tuple[int, int, tuple[str, ...]]] = []
    mounts += [(_depth(one), 0, ("--tmpfs", one)) for one in masks]
    mounts += [(_depth(one), 1, ("--ro-bind", one, one)) for one in shown]
    mounts.append((_depth(workspace), 2, ("--bind", workspace, workspace)))
    mounts += [(_depth(one[-1]), 3, one) for one in _git(workspace)]
    mounts.append((_depth(_LAUNCHER), 3, ("--ro-bind", launch.__file__, _LAUNCHER)))
    ordered = [word for _, _, words in sorted(mounts) for word in words]
    inner = (python, "-I", "-S", _LAUNCHER, launch.NO_HOST, *checked)
    return (sandbox, *_APART, *ordered, "--", *inner)


def _home(env: dict[str, str]) -> tuple[str, ...]:
    home = env.get("HOME", "")
    return (os.path.realpath(home),) if home.startswith("/") and len(home) > 1 else ()


def _prefixes(program: str) -> tuple[str, ...]:
    """Name the folder of a program, and the virtual environment it belongs to."""
    folder = os.path.dirname(program)
    above = os.path.dirname(folder)
    return (above,) if os.path.exists(os.path.join(above, "pyvenv.cfg")) else (folder,)


def _git(workspace: str) -> list[tuple[str, ...]]:
    """Keep git's hooks and settings as they are: what an agent wrote there others would run."""
    own = os.path.join(workspace, ".git")
    if os.path.isfile(own):
        return [("--ro-bind", own, own)]
    if not os.path.isdir(own) or os.path.islink(own):
        return []
    kept = [os.path.join(own, name) for name in ("config", "hooks", "info")]
    found = [("--ro-bind", one, one) for one in kept if os.path.exists(one)]
    return [("--bind", own, own), *found]


def _folder(path: str) -> bool:
    return path.startswith("/") and path != "/" and os.path.isdir(path)


def _below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")


def _depth(path: str) -> int:
    return path.rstrip("/").count("/")
