"""Looks at this machine: its load, memory and CPU, and how full a disk is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psutil

from fleettui.adapters.runtimes.monitor.look import Look, Sight
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.watch import WatchRule
from fleettui.ports import WatchDoor

_LOADS = ("load1", "load5", "load15")


def look_at_machine(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look at load, memory or CPU (percent since the last look)."""
    del spec, door
    when = rule.condition
    assert when is not None

    async def look() -> Sequence[Sight]:
        if when.left in _LOADS:
            value = psutil.getloadavg()[_LOADS.index(when.left)]
        elif when.left == "memory":
            value = psutil.virtual_memory().percent
        else:
            value = psutil.cpu_percent(None)
        return [Sight(when.left, when.holds(value), f"{when.left} is {value:.4g}")]

    return look


def look_at_disk(rule: WatchRule, spec: AgentSpec, door: WatchDoor) -> Look:
    """Look how full the disk of a folder is, in percent."""
    del spec, door
    when, path = rule.condition, str(rule.disk)
    assert when is not None

    async def look() -> Sequence[Sight]:
        used = (await asyncio.to_thread(psutil.disk_usage, path)).percent
        value = used if when.left == "used" else 100.0 - used
        return [Sight(path, when.holds(value), f"{path}: {value:.1f} % {when.left}")]

    return look
