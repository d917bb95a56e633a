"""Runs as a program of its own, beside one program: starts it bounded, and ends all it started.

Started as `python -I -S -c BOOT ROOT OPTIONS ARGV...` (`keeping.py`) with options as JSON: `host`
(its pid, 0 for none), `status` (a descriptor for the last word, -1 for none), `memory` (bytes),
`cpu` (cores), `seconds` (of CPU), `marks` (variables to add), `launch` (whether ARGV is for
launch.py), `tty` (whether the program is to have this terminal), `ended` (a file for the last
word), `bell` (a FIFO that is written to then), `variables` (a JSON file of further variables, read
and removed) and `with` (the mark of a process to end with). Standard library and this room only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import resource
import signal
import sys
from typing import Any, Final, NoReturn

from fleettui.adapters.processes import launch
from fleettui.adapters.processes.cgroup import Cgroup
from fleettui.adapters.processes.kept import MOST_PROCESSES, WAITED, Kept

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36


def main(options: str, *argv: str) -> NoReturn:
    """Keep one program, and end as it ended."""
    wanted = json.loads(options)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITED)
    if wanted["host"]:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != wanted["host"]:
            raise SystemExit(125)
    if wanted["status"] >= 0:
        os.set_inheritable(wanted["status"], False)
    group = Cgroup(wanted["memory"], wanted["cpu"], MOST_PROCESSES)
    child = os.fork()
    if child == 0:
        _become(wanted, group, argv)
    if not wanted["tty"]:
        _close_streams()
    kept = Kept(wanted, child, group)
    kept.watch()
    group.remove()
    _say(wanted, kept)
    os._exit(kept.code if kept.code >= 0 else 128 - kept.code)


def _become(wanted: dict[str, Any], group: Cgroup, argv: tuple[str, ...]) -> NoReturn:
    """Become the program, in a session of its own, or as the one this terminal listens to."""
    try:
        if wanted["tty"]:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        else:
            os.setsid()
        group.enter()
        _limit(wanted)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED)
        os.environ.update(wanted["marks"])
        _take_variables(wanted["variables"])
        if wanted["launch"]:
            launch.main(str(os.getppid()), *argv)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.execvpe(argv[0], argv, dict(os.environ))  # noqa: S606 - exactly this is its purpose
    except OSError as error:
        sys.stderr.write(f"fleettui: not started: {argv[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(127)
    except SystemExit as end:
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 125)
    os._exit(125)


def _take_variables(path: str) -> None:
    """Take variables out of a file that only we can read: what is in argv, everybody can."""
    if path:
        with open(path, encoding="utf-8") as file:
            os.environ.update(json.load(file))
        os.unlink(path)


def _limit(wanted: dict[str, Any]) -> None:
    """Bound what no measuring can: data over a quarter above the limit, seconds, cores."""
    memory, cores = wanted["memory"], wanted["cpu"]
    if memory:
        _bound(resource.RLIMIT_DATA, memory + memory // 4 + (16 << 20))
    if wanted["seconds"]:
        # At the soft limit comes SIGXCPU, which says why; at the hard one SIGKILL.
        _bound(resource.RLIMIT_CPU, math.ceil(wanted["seconds"]), more=1)
    allowed = sorted(os.sched_getaffinity(0))
    if cores and math.ceil(cores) < len(allowed):
        first = os.getpid() % len(allowed)
        turned = allowed[first:] + allowed[:first]
        os.sched_setaffinity(0, turned[: max(math.ceil(cores), 1)])


def _bound(what: int, most: int, more: int = 0) -> None:
    hard = resource.getrlimit(what)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound + more if hard == resource.RLIM_INFINITY else hard))


def _close_streams() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


def _say(wanted: dict[str, Any], kept: Kept) -> None:
    """Leave the last word: how it ended, over which limit, and how much it left behind."""
    word = json.dumps({"code": kept.code, "limit": kept.limit, "left": kept.left}).encode()
    with contextlib.suppress(OSError):
        if wanted["status"] >= 0:
            os.write(wanted["status"], word)
    with contextlib.suppress(OSError):
        if wanted["ended"]:
            with open(wanted["ended"] + ".new", "wb") as file:
                file.write(word)
            os.replace(wanted["ended"] + ".new", wanted["ended"])
            bell = os.open(wanted["bell"], os.O_WRONLY | os.O_NONBLOCK)
            os.write(bell, b"!")
            os.close(bell)
