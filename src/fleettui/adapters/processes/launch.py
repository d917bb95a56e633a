"""Runs as a program of its own: checks what was approved, sets limits, becomes the program.

Started as `python -I -S launch.py HOST_PID PROGRAM SHA256 CWD DEVICE:INODE ARGV...` with the final
environment. Only what is in the standard library, because nothing of ours is importable there.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
# Instead of a host: inside a sandbox, where the program that made it dies with the host.
NO_HOST: Final = "0"
CHANGED: Final = 125  # exit code when the program or the folder is not what was approved
_LIMITS: Final = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NOFILE, 4_096),
    (resource.RLIMIT_NPROC, 4_096),
    (resource.RLIMIT_FSIZE, 4 << 30),
)


def main(host: str, program: str, sha256: str, cwd: str, inode: str, *argv: str) -> None:
    """Become the program, or exit with 125 and say what changed; no SHA-256 is no demand."""
    _die_with(int(host))
    folder = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    there = os.fstat(folder)
    if f"{there.st_dev}:{there.st_ino}" != inode:
        _refuse(f"{cwd} is another folder than the one approved")
    os.fchdir(folder)
    os.close(folder)
    for what, most in _LIMITS:
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))
    if sha256:
        with open(program, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                _refuse(f"{program} changed since it was approved")
    os.execve(program, argv, dict(os.environ))  # noqa: S606 - exactly this is its purpose


def _die_with(host: int) -> None:
    """Be killed when the host is: what nobody can record any more must not go on."""
    if str(host) == NO_HOST:
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != host:
        raise SystemExit(CHANGED)


def _refuse(why: str) -> None:
    sys.stderr.write(f"fleettui: not started: {why}\n")
    raise SystemExit(CHANGED)


if __name__ == "__main__":
    main(*sys.argv[1:])
