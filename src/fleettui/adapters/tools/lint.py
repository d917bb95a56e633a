"""The tool that lints Python files with ruff, by named rule sets and no project settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import Any, Final

from fleettui.adapters.processes.program import run_program
from fleettui.adapters.tools.bounds import page
from fleettui.adapters.tools.changes import changes_of, list_changes
from fleettui.adapters.tools.git import find_repository
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import confine, looks_secret, open_inside, real_root
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, ToolResult, Workplace

_RULES: Final = ["E", "F", "B"]
_RULE: Final = re.compile(r"[A-Z]{1,6}[0-9]{0,4}")
_MOST_FILES: Final = 200

LINT = spec(
    "lint",
    "Check Python files with ruff; gives file:line:column: CODE message. Without paths it takes "
    "the changed Python files.",
    paths={"type": "array", "items": {"type": "string"}, "description": "Python files."},
    rules={
        "type": "array",
        "items": {"type": "string"},
        "description": "Rule sets such as S (security), PERF, E, F, B, C90, SIM; default E F B.",
    },
)


async def _freeze(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    for path in arguments.get("paths", ()):
        if not confine(place.workspace, path).name.endswith((".py", ".pyi")):
            raise ToolFailed(f"{path} is not a Python file", "give paths that end in .py")
    if len(arguments.get("paths", ())) > _MOST_FILES:
        raise ToolFailed(f"more than {_MOST_FILES} files", "lint fewer files at a time")
    for rule in arguments.get("rules", ()):
        if not _RULE.fullmatch(rule):
            raise ToolFailed(f"{rule!r} is not a rule set", "give ruff's names: S, PERF, E, F, B")
    return Facts("lint", arguments, cwd=real_root(place.workspace), risks=("read",))


async def _lint(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    names = facts.arguments.get("paths") or await _changed(place, around)
    if not names:
        return ToolResult("No Python file to check.")
    places = [confine(place.workspace, name) for name in names[:_MOST_FILES]]
    for checked in places:
        os.close(open_inside(checked))
    rules = ",".join(facts.arguments.get("rules") or _RULES)
    argv = (
        ruff_program(around), "check", "--isolated", "--no-cache", "--no-fix",
        "--output-format=json", "--exit-zero", "--select", rules, "--", *(p.name for p in places),
    )  # fmt: skip
    env = {"PATH": around.path, "HOME": "/", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    ended = await run_program(argv, cwd=facts.cwd, env=env, most=16_000_000)
    if ended.exit_code or ended.timed_out:
        why = ended.errors.decode(errors="replace").strip()[:300] or "it took too long"
        raise ToolFailed(f"ruff failed: {why}", "check the rule names, or lint fewer files")
    found = [_line(item, facts.cwd) for item in json.loads(ended.output or b"[]")]
    head = f"# ruff {rules} on {len(places)} file{'s'[: len(places) > 1]}: {len(found)} findings"
    head = "\n".join([head, *_unchecked(ended.errors.decode(errors="replace"))])
    return page(head, found, 1, more="or lint fewer files") if found else ToolResult(head)


def _unchecked(errors: str) -> list[str]:
    """Name the files that ruff could not read, and why."""
    said = (line.partition("Failed to lint ")[2] for line in errors.split("\n"))
    return [f"# not checked: {line}" for line in said if line]


async def _changed(place: Workplace, around: Surroundings) -> list[str]:
    repository = await find_repository(place.workspace, around)
    scope = None if repository is None else await changes_of(repository, place.base)
    if repository is None or scope is None:
        return []
    names = [change.path for change in await list_changes(repository, scope, None)]
    root = real_root(place.workspace)
    return [
        name
        for name in names
        if name.endswith((".py", ".pyi"))
        and not looks_secret(name)
        and os.path.isfile(os.path.join(root, name))
    ]


def ruff_program(around: Surroundings) -> str:
    """Find ruff's binary: beside our Python, then on the PATH; raises ToolFailed without one."""
    beside = os.path.join(os.path.dirname(sys.executable), "ruff")
    found = beside if os.access(beside, os.X_OK) else shutil.which("ruff", path=around.path)
    if found is None:
        raise ToolFailed("ruff is not installed", "install it: pip install ruff")
    return found


def _line(item: dict[str, Any], root: str) -> str:
    name = os.path.relpath(item["filename"], root)
    where = item["location"]
    message = " ".join(str(item["message"]).split())
    return f"{name}:{where['row']}:{where['column']}: {item['code'] or 'E999'} {message}"


TOOLS = (Tool(LINT, _freeze, _lint),)
