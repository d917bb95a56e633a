"""The program in a session's window `monitor`: what the agent's programs use, every few seconds."""

from __future__ import annotations

import os
import time

from fleettui.adapters.processes.descent import cpu_seconds, descendants, private_bytes

_EVERY = 5.0


def main(keeper: str) -> None:
    """Show it until the program has ended."""
    last: dict[int, float] = {}
    while os.path.exists(f"/proc/{keeper}"):
        rows, now = [], {}
        for process in descendants(int(keeper)):
            now[process] = cpu_seconds(process)
            share = max(now[process] - last.get(process, now[process]), 0.0) / _EVERY
            rows.append((process, share * 100, private_bytes(process) / 1e6, _name(process)))
        last = now
        print("\x1b[H\x1b[2J" + f"{'PID':>8} {'CPU%':>6} {'MB':>9}  PROGRAM")  # noqa: T201
        for process, share, memory, name in rows[:40]:
            print(f"{process:>8} {share:>6.1f} {memory:>9.1f}  {name}")  # noqa: T201
        time.sleep(_EVERY)


def _name(process: int) -> str:
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    except OSError:
        return "?"
    return "".join(letter if letter.isprintable() else "?" for letter in name)
