"""Cgroup: a control group (v2) of its own for one program, where this user may make one."""

from __future__ import annotations

import contextlib
import os


class Cgroup:
    """A cgroup (v2) of its own for the program, where this user may make one; else nothing."""

    def __init__(self, memory: int, cores: float, processes: int) -> None:
        self._folder = ""
        if not (memory or cores):
            return
        parent = _own_cgroup()
        folder = os.path.join(parent, f"fleettui-{os.getpid()}") if parent else ""
        try:
            if folder:
                os.mkdir(folder)
                self._folder = folder
        except OSError:
            return
        self._write("memory.max", str(memory or "max"))
        self._write("memory.swap.max", "0" if memory else "max")
        self._write("cpu.max", f"{int(cores * 100_000)} 100000" if cores else "max")
        self._write("pids.max", str(processes))

    def enter(self) -> None:
        if self._folder:
            self._write("cgroup.procs", str(os.getpid()))

    def kill(self) -> None:
        if self._folder:
            self._write("cgroup.kill", "1")

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            if self._folder:
                os.rmdir(self._folder)

    def _write(self, name: str, text: str) -> None:
        """Set what this cgroup has; a controller that is not delegated to us is not there."""
        path = os.path.join(self._folder, name)
        with contextlib.suppress(OSError):
            if os.path.exists(path):
                with open(path, "w", encoding="ascii") as file:
                    file.write(text)


def _own_cgroup() -> str:
    """Give the folder of this process's cgroup in the v2 hierarchy, empty where there is none."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        mine = next((line[3:].strip() for line in file if line.startswith("0::")), "")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line.split()[1] for line in file if line.split()[2] == "cgroup2"]
    folder = os.path.join(mounts[0], mine.lstrip("/")) if mine and mounts else ""
    return folder if folder and os.access(folder, os.W_OK) else ""
