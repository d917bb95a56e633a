"""Runs as a program of its own: starts a long-lived program, and ends all it started with it.

Started as `python -I -S warden.py HOST_PID PROGRAM SHA256 CWD DEVICE:INODE ARGV...` in a session of
its own. When the host dies, or sends SIGTERM, or the program ends, whatever the program started and
left behind is ended too, also what left its process group. Only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import time
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36
_GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL (safety.md, T10)
_STEP: Final = 0.05
_WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def main(host: str, *what: str) -> int:
    """Keep the program until it ends or must end; return its exit code."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(host):
        return 125
    program = _begin(what)
    code = None
    while code is None and os.getppid() == int(host):
        seen = signal.sigtimedwait(_WATCHED, 1.0)
        if seen is not None and seen.si_signo != signal.SIGCHLD:
            break
        code = _reap().get(program)
    ended = _end_all()
    return code if code is not None else ended.get(program, 143)


def _begin(what: tuple[str, ...]) -> int:
    """Start the program with our pipes, and let go of them."""
    warden = os.getpid()
    program = os.fork()
    if program == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")
            runpy.run_path(beside)["main"](str(warden), *what)
        except SystemExit as ended:
            sys.stderr.flush()
            os._exit(ended.code if isinstance(ended.code, int) else 1)
        except BaseException as failure:  # noqa: BLE001 - this is a child: it must not go on here
            os.write(2, f"fleettui: not started: {failure}\n".encode())
            os._exit(126)
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in (0, 1, 2):
        os.dup2(nothing, pipe)
    return program


def _reap() -> dict[int, int]:
    """Bury every child that ended, ours and those left to us; give their exit codes."""
    codes: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return codes
        if not pid:
            return codes
        code = os.waitstatus_to_exitcode(status)
        codes[pid] = code if code >= 0 else 128 - code


def _end_all() -> dict[int, int]:
    """End everything below us: SIGTERM, and SIGKILL after the grace until nothing is left."""
    codes: dict[int, int] = {}
    told: set[int] = set()
    until = time.monotonic() + _GRACE
    while left := _below():
        late = time.monotonic() > until
        for pid in left if late else left - told:
            _signal(pid, signal.SIGKILL if late else signal.SIGTERM)
        told |= left
        time.sleep(_STEP)
        codes |= _reap()
    return codes


def _below() -> set[int]:
    """Name every process that descends from us; what lost its parent is our child."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
