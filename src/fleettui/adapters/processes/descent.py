"""Descent: which processes are under one, what they use, and signals to them."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def descendants(root: int) -> list[int]:
    """Name every process under `root`, as /proc has it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if state not in {b"Z", b"X"}:
                children.setdefault(int(parent), []).append(int(name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def private_bytes(process: int) -> int:
    """Give the bytes of memory that a process has for itself."""
    try:
        with open(f"/proc/{process}/statm", "rb") as file:
            _, resident, shared = file.read().split()[:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def send(process: int, number: signal.Signals) -> None:
    """Signal a process that may be gone, or not be ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def cpu_seconds(process: int) -> float:
    """Give the seconds of CPU that a process has used."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
