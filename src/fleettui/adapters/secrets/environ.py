"""Takes a variable out of this process for good: also out of /proc/PID/environ."""

from __future__ import annotations

import ctypes
import logging
import os
from pathlib import Path

_log = logging.getLogger(__name__)


def take(name: str) -> str:
    """Give a variable's value and forget it, so that no program we start or of ours can read it."""
    value = os.environ.pop(name, "")
    mark = os.fsencode(name) + b"="
    try:
        # The kernel shows the memory that the program was started with, whatever was unset since.
        begun_with = Path("/proc/self/environ").read_bytes()
        found = [part for part in begun_with.split(b"\0") if part.startswith(mark)]
        for part in found:
            _wipe(part, len(mark))
    except OSError as error:
        _log.warning("%s stays readable in the environment of this process: %s", name, error)
    return value


def _wipe(part: bytes, kept: int) -> None:
    """Overwrite one entry of the environment the process began with, behind its name."""
    start, end = _bounds()
    whole = ctypes.string_at(start, end - start)
    at = whole.find(part + b"\0")
    if at >= 0:
        ctypes.memset(start + at + kept, ord("*"), len(part) - kept)


def _bounds() -> tuple[int, int]:
    """Give where the kernel keeps it: env_start and env_end, fields 50 and 51 of proc(5)."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[47]), int(fields[48])
