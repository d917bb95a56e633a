"""The tool that runs a program: resolved, hashed and bound before, checked again at the start."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import shutil
from typing import Final

from fleettui.adapters.processes import launch
from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.program import Ended, run_program
from fleettui.adapters.tools.operands import digest_of, operands_of
from fleettui.adapters.tools.secrecy import holds_secret
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, absolute_entries, spec
from fleettui.adapters.tools.workspace import confine
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolResult, Workplace

_SECONDS: Final = 120.0
_PASSED: Final = ("HOME", "LANG", "USER", "LOGNAME")

RUN = spec(
    "run",
    "Run a program in the workspace, without a shell: no pipes, no globs, no variables. A person "
    "may have to approve it first.",
    ("argv",),
    argv={
        "type": "array",
        "minItems": 1,
        "items": {"type": "string"},
        "description": 'The program and each argument apart: ["git", "status", "--short"].',
    },
    cwd={"type": "string", "description": "Folder to run in, relative to the workspace."},
    stdin={"type": "string", "description": "Text for its standard input."},
    timeout={"type": "number", "minimum": 1, "maximum": 3600, "description": "Seconds; 120."},
)


async def _freeze(arguments: Arguments, place: Workplace, around: Surroundings) -> Facts:
    argv = tuple(arguments["argv"])
    if not argv[0] or any("\0" in part for part in argv):
        raise ToolFailed("argv is empty or has a NUL character", 'give argv as ["program", "arg"]')
    cwd = confine(place.workspace, arguments.get("cwd", ".")).real
    if not os.path.isdir(cwd):
        raise ToolFailed(f"the folder {arguments['cwd']} does not exist", "give an existing folder")
    env = environment(place, around)
    program = _resolve(argv[0], cwd, env["PATH"])
    operands, problem = await asyncio.to_thread(operands_of, argv, cwd)
    folder = os.stat(cwd)
    stdin = arguments.get("stdin")
    return Facts(
        "run",
        arguments,
        argv=argv,
        program=program,
        program_sha256=await asyncio.to_thread(digest_of, program),
        cwd=cwd,
        cwd_inode=f"{folder.st_dev}:{folder.st_ino}",
        env={name: _shown(name, value, place, around.key) for name, value in sorted(env.items())},
        stdin_sha256="" if stdin is None else hashlib.sha256(stdin.encode()).hexdigest(),
        operands=operands,
        risks=("write",),
        problem=problem,
    )


async def _run(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    env = environment(place, around)
    if {name: _shown(name, env[name], place, around.key) for name in env} != facts.env:
        return ToolResult("not started: the environment changed since it was approved", ok=False)
    stdin = facts.arguments.get("stdin")
    ended = await run_program(
        (facts.program, facts.program_sha256, facts.cwd, facts.cwd_inode, *facts.argv),
        cwd="/", env=env, stdin=None if stdin is None else stdin.encode(),
        timeout=_seconds(facts, place), merge=True,
        keeping=Keeping(f"{place.fleet}/{place.agent}", place.limits), launch=True,
    )  # fmt: skip
    return _told(ended, _seconds(facts, place))


def _seconds(facts: Facts, place: Workplace) -> float:
    """Give how long a program may run: what the call says, at most what its agent may."""
    asked = float(facts.arguments.get("timeout", place.limits.timeout or _SECONDS))
    return min(asked, place.limits.timeout or asked)


def environment(place: Workplace, around: Surroundings) -> dict[str, str]:
    """Give a program's whole environment: a few of the host's variables, and the agent's."""
    passed = {
        name: around.environment[name] for name in _PASSED if name in around.environment
    }  # fmt: skip
    fixed = {"TERM": "dumb", "GIT_TERMINAL_PROMPT": "0"}
    env = {"PATH": around.path, "LANG": "C.UTF-8"} | passed | fixed | place.environment
    return env | {"PATH": absolute_entries(env["PATH"])}


def _resolve(name: str, cwd: str, path: str) -> str:
    where = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=path)
    if where is None or not os.path.exists(where):
        raise ToolFailed(
            f"program not found: {name}", "use another program, or do without; the PATH is fixed"
        )
    real = os.path.realpath(where)
    if not os.path.isfile(real) or not os.access(real, os.X_OK):
        raise ToolFailed(f"{name} is not an executable file", "run the interpreter with the file")
    return real


def _shown(name: str, value: str, place: Workplace, key: bytes) -> str:
    if name not in place.environment or not holds_secret(name, value):
        return value
    return "hmac:" + hmac.new(key, f"{name}={value}".encode(), "sha256").hexdigest()


def _told(ended: Ended, timeout: float) -> ToolResult:
    text = ended.text
    size = ended.size if ended.size > len(ended.output) else 0
    if ended.timed_out or ended.over:
        note = f"[killed: {ended.over}]" if ended.over else f"[stopped after {timeout:g} s]"
        return ToolResult(
            f"{text}\n{note}".lstrip(), ok=False, exit_code=ended.exit_code, size=size
        )
    if ended.exit_code == launch.CHANGED and text.startswith("fleettui: not started"):
        return ToolResult(text.strip(), ok=False)
    return ToolResult(text, ok=ended.exit_code == 0, exit_code=ended.exit_code, size=size)


TOOLS = (Tool(RUN, _freeze, _run),)
