"""Orphans: programs of agents whose host is dead; found by their marks, and killed."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from typing import Final, NamedTuple

from fleettui.adapters.processes.keeping import (
    AGENT_MARK,
    HOST_MARK,
    boot_id,
    marks_of,
    start_time,
)

# How long (seconds) a killed process may take to go; one in the middle of a disk read may stay.
_PATIENCE: Final = 2.0


class Orphan(NamedTuple):
    """A program without a host: whose it was (`fleet/agent`), and its argv."""

    process: int
    agent: str
    argv: str


def end_orphans() -> Sequence[Orphan]:
    """Kill every program of this user whose host is dead, and say which they were.

    The keepers of a host that is killed end its programs at once; what is found here lost its
    keeper too. The marks name the host by pid, start time and boot, so that a pid that is used
    again is never taken for it, and programs of another boot or container are left alone.
    """
    found = []
    for process in _others():
        orphan = _orphan(process)
        if orphan is not None and _kill(process, orphan):
            found.append(orphan)
    return found


def _others() -> Sequence[int]:
    """Name the processes that are neither this one nor above it."""
    above = {os.getpid()}
    process = os.getppid()
    while process > 1 and process not in above:
        above.add(process)
        process = _parent(process)
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in above]


def _parent(process: int) -> int:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def _orphan(process: int) -> Orphan | None:
    """Give a process as an orphan, None where it is none of ours, or has a host."""
    try:
        if os.stat(f"/proc/{process}").st_uid != os.geteuid():
            return None
        if os.readlink(f"/proc/{process}/ns/pid") != os.readlink("/proc/self/ns/pid"):
            return None
        with open(f"/proc/{process}/environ", "rb") as file:
            marks = marks_of(file.read())
        with open(f"/proc/{process}/cmdline", "rb") as file:
            argv = file.read(4096).replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return None
    pid, _, rest = marks.get(HOST_MARK, "").partition(".")
    started, _, boot = rest.partition(".")
    if not pid.isdigit() or not started.isdigit() or boot != boot_id():
        return None
    if start_time(int(pid)) == int(started):
        return None
    return Orphan(process, marks.get(AGENT_MARK, ""), argv)


def _kill(process: int, orphan: Orphan) -> bool:
    """Kill exactly the process that was looked at, and wait for its end."""
    try:
        handle = os.pidfd_open(process)
    except OSError:
        return False
    try:
        if _orphan(process) != orphan:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], _PATIENCE)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
