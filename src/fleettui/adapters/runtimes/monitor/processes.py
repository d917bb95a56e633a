"""Looks at processes of this machine: how many there are, their CPU and memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import psutil

from fleettui.adapters.runtimes.monitor.look import Look, Sight
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule, When
from fleettui.ports import WatchDoor


def look_at_processes(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look at the processes of a name, or at the one whose number is in a file."""
    del spec
    when, watched = rule.condition, rule.process
    assert when is not None
    assert watched is not None
    workspace = door.workplace().workspace
    known: dict[int, psutil.Process] = {}

    def see() -> Sequence[Sight]:
        if watched.name is not None:
            subject, found = watched.name, _named(watched.name)
        else:
            subject = str(watched.pid_file)
            found = _of_file(os.path.join(workspace, subject))
        same = [known.get(one.pid, one) for one in found]
        known.clear()
        known.update({one.pid: one for one in same})
        value = _value(same, when)
        return [Sight(subject, when.holds(value), f"{subject}: {when.left} is {value:.6g}")]

    async def look() -> Sequence[Sight]:
        return await asyncio.to_thread(see)

    return look


def _named(name: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["name", "status"])
        if process.info["name"] == name and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _of_file(path: str) -> list[psutil.Process]:
    try:
        with open(path, encoding="ascii") as file:
            process = psutil.Process(int(file.read(32).strip()))
            alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return []
    return [process] if alive else []


def _value(found: Sequence[psutil.Process], when: When) -> float:
    """Sum up CPU (percent since the last look) or memory (bytes), or count."""
    if when.left == "count":
        return float(len(found))
    total = 0.0
    for process in found:
        try:
            total += process.cpu_percent(None) if when.left == "cpu" else process.memory_info().rss
        except psutil.Error:
            continue
    return total
