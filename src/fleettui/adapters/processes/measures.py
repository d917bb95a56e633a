"""What the programs of agents cost this machine, by psutil."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from fleettui.adapters.processes.keeping import AGENT_MARK
from fleettui.ports import Vitals


class ProcessMeasures:
    """Sums up the descendants of this process by the agent they were started for."""

    def __init__(self) -> None:
        # A program's environment is read once: processes are told apart by pid and start.
        self._owners: dict[tuple[int, float], str] = {}

    def measure(self) -> Mapping[tuple[str, str], Vitals]:
        """Measure the programs of all agents; what ends meanwhile is left out."""
        found: dict[tuple[str, str], Vitals] = {}
        seen: dict[tuple[int, float], str] = {}
        for process in psutil.Process().children(recursive=True):
            try:
                key = (process.pid, process.create_time())
                owner = self._owners.get(key) or process.environ().get(AGENT_MARK, "")
                with process.oneshot():
                    times, memory = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue
            seen[key] = owner
            fleet, _, agent = owner.rpartition("/")
            if not agent:
                continue
            whole = found.get((fleet, agent), Vitals(0, 0, 0.0))
            used = times.user + times.system
            found[fleet, agent] = Vitals(
                whole.processes + 1, whole.memory + memory, whole.cpu + used
            )
        self._owners = seen
        return found
