"""Nails a program's start down, and starts it: what `run`, `shell` and programs share."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fleettui.adapters.processes import launch
from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.program import Ended, run_program
from fleettui.adapters.processes.sandbox import confined, sandbox_program
from fleettui.adapters.tools.operands import digest_of, operands_of
from fleettui.adapters.tools.progress import Progress
from fleettui.adapters.tools.secrecy import holds_secret, keyed_hash
from fleettui.adapters.tools.tool import Arguments, Surroundings, absolute_entries
from fleettui.adapters.tools.workspace import confine, real_root
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Operand, ToolResult, Workplace

SECONDS: Final = 120.0
_LONGEST: Final = 3600.0
_PASSED: Final = ("HOME", "LANG", "USER", "LOGNAME")
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "cwd": {"type": "string", "description": "Folder to run in, relative to the workspace."},
    "stdin": {"type": "string", "description": "Text for its standard input."},
    "timeout": {
        "type": "number",
        "minimum": 1,
        "maximum": 3600,
        "description": "Seconds; 120 unless the agent's settings say otherwise.",
    },
}


async def freeze_program(
    tool: str,
    argv: tuple[str, ...],
    arguments: Arguments,
    place: Workplace,
    around: Surroundings,
    parts: Sequence[tuple[Sequence[str], str]] = (),
) -> Facts:
    """Nail down the start of `argv[0]`; `parts` are further commands, each with its folder."""
    if not argv[0] or any("\0" in part for part in argv):
        raise ToolFailed("argv is empty or has a NUL character", 'give argv as ["program", "arg"]')
    cwd = folder_of(tool, arguments, place)
    env = environment(place, around, tool)
    program = resolve(argv[0], cwd, env["PATH"])
    operands, problem = await asyncio.to_thread(_operands, argv, cwd, env["PATH"], parts)
    sandbox = ""
    if place.sandbox:
        sandbox = await asyncio.to_thread(sandbox_program, around.path)
        operands = (*operands, Operand(sandbox, await asyncio.to_thread(digest_of, sandbox)))
    folder = os.stat(cwd)
    stdin = arguments.get("stdin")
    return Facts(
        tool,
        arguments,
        argv=argv,
        program=program,
        program_sha256=await asyncio.to_thread(digest_of, program),
        cwd=cwd,
        cwd_inode=f"{folder.st_dev}:{folder.st_ino}",
        env=_shown(env, tool, place, around.key),
        stdin_sha256="" if stdin is None else hashlib.sha256(stdin.encode()).hexdigest(),
        operands=operands,
        risks=("write",),
        problem=problem,
        sandbox=sandbox,
    )


async def start_program(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    """Start what was nailed down, if it is still the same, and wait for its end."""
    env = environment(place, around, facts.tool)
    if _shown(env, facts.tool, place, around.key) != facts.env:
        return ToolResult("not started: the environment changed since it was approved", ok=False)
    if place.sandbox != bool(facts.sandbox):
        return ToolResult("not started: the sandbox was switched since it was approved", ok=False)
    stdin = facts.arguments.get("stdin")
    timeout = _timeout(facts, place)
    checked = (facts.program, facts.program_sha256, facts.cwd, facts.cwd_inode, *facts.argv)
    if facts.sandbox:
        box = confined(facts.sandbox, checked, real_root(place.workspace), env, around.hidden)
        digest = next(one.sha256 for one in facts.operands if one.path == facts.sandbox)
        checked = (facts.sandbox, digest, facts.cwd, facts.cwd_inode, *box)
    ended = await run_program(
        checked,
        cwd="/",
        env=env,
        stdin=None if stdin is None else stdin.encode(),
        timeout=timeout,
        merge=True,
        on_output=Progress(around.say).add,
        keeping=Keeping(f"{place.fleet}/{place.agent}", place.limits),
        launch=True,
    )
    return _told(ended, timeout)


def folder_of(tool: str, arguments: Arguments, place: Workplace) -> str:
    """Give the folder a call works in; raises ToolFailed when it is none of the workspace."""
    named = arguments.get("cwd") or settings(place, tool).get("working_directory") or "."
    cwd = confine(place.workspace, str(named)).real
    if not os.path.isdir(cwd):
        raise ToolFailed(f"the folder {named} does not exist", "give an existing folder")
    return cwd


def settings(place: Workplace, tool: str) -> Mapping[str, Any]:
    """Give what the agent's file says about one of its tools."""
    found = place.tool_config.get(tool, {})
    return found if isinstance(found, Mapping) else {}


def environment(place: Workplace, around: Surroundings, tool: str = "") -> dict[str, str]:
    """Give a program's whole environment: a few of the host's variables, and the agent's."""
    passed = {name: around.environment[name] for name in _PASSED if name in around.environment}
    fixed = {"TERM": "dumb", "GIT_TERMINAL_PROMPT": "0"}
    own = settings(place, tool).get("env")
    added = {str(name): str(value) for name, value in own.items()} if own else {}
    env = {"PATH": around.path, "LANG": "C.UTF-8"} | passed | fixed | place.environment | added
    return env | {"PATH": absolute_entries(env["PATH"])}


def resolve(name: str, cwd: str, path: str) -> str:
    """Give the file that would run for `name`; raises ToolFailed where there is none."""
    where = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=path)
    if where is None or not os.path.exists(where):
        raise ToolFailed(
            f"program not found: {name}", "use another program, or do without; the PATH is fixed"
        )
    real = os.path.realpath(where)
    if not os.path.isfile(real) or not os.access(real, os.X_OK):
        raise ToolFailed(f"{name} is not an executable file", "run the interpreter with the file")
    return real


def _operands(
    argv: Sequence[str], cwd: str, path: str, parts: Sequence[tuple[Sequence[str], str]]
) -> tuple[tuple[Operand, ...], str]:
    found, problem = operands_of(argv, cwd)
    every = {one.path: one for one in found}
    for words, folder in parts:
        more, trouble = operands_of(words, folder)
        problem = problem or trouble
        every |= {one.path: one for one in more}
        try:
            program = resolve(words[0], folder, path)
            every[program] = Operand(program, digest_of(program))
        except (ToolFailed, OSError):
            continue  # a word of the shell itself, or nothing that could run
    return tuple(every[name] for name in sorted(every)), problem


def _timeout(facts: Facts, place: Workplace) -> float:
    own = settings(place, facts.tool)
    program = place.programs.get(facts.tool)
    usual = own.get("timeout_seconds") or own.get("timeout_secs") or (program and program.timeout)
    most = place.limits.timeout or _LONGEST
    return min(
        float(facts.arguments.get("timeout") or usual or place.limits.timeout or SECONDS), most
    )


def _shown(env: Mapping[str, str], tool: str, place: Workplace, key: bytes) -> dict[str, str]:
    """Give every variable by name; of those that the file declares, secret ones as keyed hashes."""
    declared = {*place.environment, *(settings(place, tool).get("env") or ())}
    return {
        name: keyed_hash(name, value, key)
        if name in place.secrets or (name in declared and holds_secret(name, value))
        else value
        for name, value in sorted(env.items())
    }


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
