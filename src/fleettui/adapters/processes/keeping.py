"""Keeping: how a program is kept: its limits, its marks, and the words its keeper leaves."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import fleettui
from fleettui.core.model import Limits

# Variables by which programs of a dead host are found again (orphans.py).
HOST_MARK: Final = "FLEETTUI_HOST"
AGENT_MARK: Final = "FLEETTUI_AGENT"
_ROOT: Final = str(Path(fleettui.__file__).parents[1])
_BOOT: Final = (
    "import sys; sys.path.append(sys.argv.pop(1)); from importlib import import_module; "
    "import_module(sys.argv.pop(1)).main(*sys.argv[1:])"
)
# What a limit is called in a fleet file.
_FIELDS: Final = {"memory": "resource_limits.memory", "cpu": "resource_limits.cpu and timeout"}


class Keeping(NamedTuple):
    """Whose program it is, and how much it may use."""

    agent: str = ""
    limits: Limits = Limits()


class LastWord(NamedTuple):
    """How a kept program ended: over which limit, and how many processes it left behind."""

    code: int = 0
    limit: str = ""
    left: int = 0


def keeper_argv(
    keeping: Keeping,
    argv: Sequence[str],
    *,
    status: int = -1,
    launch: bool = False,
    seconds: float = 0.0,
    tty: bool = False,
    ended: str = "",
    bell: str = "",
    variables: str = "",
    survives: bool = True,
) -> tuple[str, ...]:
    """Give the argv that runs `argv` under a keeper; with `tty` it may outlive this process."""
    limits = keeping.limits
    marks = {AGENT_MARK: keeping.agent}
    if not tty:
        marks[HOST_MARK] = host_mark()
    options = {
        "host": 0 if tty else os.getpid(),
        "status": status,
        "memory": limits.memory,
        "cpu": limits.cpu,
        "seconds": limits.cpu * seconds,
        "marks": marks,
        "launch": launch,
        "tty": tty,
        "ended": ended,
        "bell": bell,
        "variables": variables,
        "with": "" if survives else host_mark(),
    }
    return (*boot_argv("fleettui.adapters.processes.keep", json.dumps(options)), *argv)


def boot_argv(module: str, *words: str) -> tuple[str, ...]:
    """Give the argv that runs `main` of a module of ours that needs the standard library only."""
    return (sys.executable, "-I", "-S", "-c", _BOOT, _ROOT, module, *words)


def read_last_word(body: bytes) -> LastWord:
    """Read what a keeper left; nothing where it was killed itself."""
    try:
        found = json.loads(body)
    except ValueError:
        return LastWord()
    return LastWord(found["code"], found["limit"], found["left"])


def over_limit(word: LastWord, limits: Limits) -> str:
    """Say which limit ended a program, empty for none."""
    match word.limit:
        case "memory":
            return f"it used more than {_bytes(limits.memory)}: {_FIELDS['memory']}"
        case "cpu":
            return f"it used all its seconds of CPU: {_FIELDS['cpu']}"
        case "processes":
            return "it started more than 1,000 processes"
        case _:
            return ""


def host_mark() -> str:
    """Name this process for good: pid, start time and boot."""
    return f"{os.getpid()}.{start_time(os.getpid())}.{boot_id()}"


def start_time(process: int) -> int:
    """Give when a process started, in ticks since boot; 0 where there is none."""
    try:
        body = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return 0
    return int(body.rpartition(b")")[2].split()[19])


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()[:8]


def marks_of(environment: bytes) -> Mapping[str, str]:
    """Read the marks out of a process's environment as /proc gives it."""
    pairs = (part.partition(b"=") for part in environment.split(b"\0"))
    return {
        name.decode(): value.decode(errors="replace")
        for name, _, value in pairs
        if name in {HOST_MARK.encode(), AGENT_MARK.encode()}
    }


def _bytes(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} bytes"
