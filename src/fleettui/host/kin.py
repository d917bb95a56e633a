"""Who is at the other end: a person's program, or one that an agent started."""

from __future__ import annotations

_DEEPEST = 64


def is_below(pid: int, ancestor: int) -> bool:
    """Say whether a process was started, however indirectly, by another."""
    for _ in range(_DEEPEST):
        pid = _parent(pid)
        if pid == ancestor:
            return True
        if pid <= 1:
            return False
    return False


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in brackets may hold anything, brackets too.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
