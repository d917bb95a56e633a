"""Kept: a program and everything under it, measured and waited for until nothing of it is left."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from typing import Any, Final

from fleettui.adapters.processes.cgroup import Cgroup
from fleettui.adapters.processes.descent import descendants, private_bytes, send

WAITED: Final = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MOST_PROCESSES: Final = 1_000
_GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL (safety.md, T10)
_LINGER: Final = 0.5  # seconds for what the program leaves behind to end by itself
# How often (seconds) a program with a limit is measured: at first, and at last.
_OFTEN: Final = 0.05
_RARELY: Final = 0.5
_NEAR: Final = 0.9  # of the limit, where a program that failed was short of memory


class Kept:
    """The program and everything under it, until nothing of it is left."""

    def __init__(self, wanted: dict[str, Any], child: int, group: Cgroup) -> None:
        self.code, self.limit, self.left = 0, "", 0
        self._host, self._memory, self._child = wanted["host"], wanted["memory"], child
        self._group = group
        self._with = wanted["with"].split(".")[:2] if wanted["with"] else []
        self._measured = bool(self._memory or wanted["cpu"])
        self._kill_at = math.inf

    def watch(self) -> None:
        """Wait for the program's end, then end what it left."""
        pause, over = _OFTEN, False
        while not over:
            longest = pause if self._measured else 1.0 if self._with else 3600.0
            wait = max(min(longest, self._kill_at - time.monotonic()), 0.0)
            got = signal.sigtimedwait(WAITED, wait)
            over = self._reap()
            if got is not None and got.si_signo != signal.SIGCHLD:
                self._asked_to_end()
            if self._with and not _runs(*self._with):
                self._kill_at = 0.0
            if time.monotonic() >= self._kill_at:
                self._end_all()
                over = True
            elif self._measured and not over:
                self._measure()
                pause = min(pause * 1.2, _RARELY)
        self._end_rest()

    def _asked_to_end(self) -> None:
        """Ask everything to end; without a host there is nobody to wait for."""
        orphan = self._host and os.getppid() != self._host
        if self._kill_at == math.inf:
            self._kill_at = time.monotonic() + (0.0 if orphan else _GRACE)
            for process in descendants(os.getpid()):
                send(process, signal.SIGTERM)
                send(process, signal.SIGCONT)

    def _reap(self) -> bool:
        """Take the ends of children; True once the program itself has ended."""
        over = False
        with contextlib.suppress(ChildProcessError):
            while True:
                ended, status, used = os.wait4(-1, os.WNOHANG)
                if not ended:
                    break
                if ended == self._child:
                    over = True
                    self.code = os.waitstatus_to_exitcode(status)
                    near = used.ru_maxrss * 1024 >= self._memory * _NEAR
                    if self._memory and self.code and near and not self.limit:
                        self.limit = "memory"
                    if self.code == -signal.SIGXCPU:
                        self.limit = "cpu"
        return over

    def _measure(self) -> None:
        below = descendants(os.getpid())
        if len(below) > MOST_PROCESSES:
            self.limit = "processes"
        elif self._memory and sum(map(private_bytes, below)) > self._memory:
            self.limit = "memory"
        if self.limit:
            self._kill_at = 0.0

    def _end_rest(self) -> None:
        """Give what was left behind a moment, then kill it."""
        until = time.monotonic() + (_LINGER if self._kill_at == math.inf else 0.0)
        while self._has_children() and time.monotonic() < until:
            signal.sigtimedwait(WAITED, max(until - time.monotonic(), 0.0))
            self._reap()
        if self._has_children():
            self.left = len(descendants(os.getpid()))
            self._end_all()

    def _has_children(self) -> bool:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _end_all(self) -> None:
        """Stop everything first, so that nothing forks away, then kill it, until it is gone."""
        self._group.kill()
        seen: set[int] = set()
        while new := set(descendants(os.getpid())) - seen:
            for process in new:
                send(process, signal.SIGSTOP)
            seen |= new
        while self._has_children():
            for process in descendants(os.getpid()):
                send(process, signal.SIGKILL)
            signal.sigtimedwait((signal.SIGCHLD,), 0.02)
            self._reap()


def _runs(process: str, started: str) -> bool:
    """Say whether a process is still the one that started then."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode() == started
    except (OSError, IndexError):
        return False
