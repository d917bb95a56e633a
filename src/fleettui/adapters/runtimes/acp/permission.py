"""From an agent's request for permission to the facts of an action, and from an answer back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fleettui.adapters.processes.path import find_program
from fleettui.adapters.runtimes.acp.shown import as_json, diffs_of, one_line
from fleettui.adapters.runtimes.acp.tool_seen import ToolSeen
from fleettui.core.foreign import PREFIX
from fleettui.core.model import Facts, Risk
from fleettui.core.policy.script import read_script

_RISKS: Final[Mapping[str, tuple[Risk, ...]]] = {
    "read": ("read",),
    "search": ("read",),
    "think": ("read",),
    "fetch": ("network",),
    "delete": ("write", "destructive"),
}
# What a person can look through; more than that is never allowed without one.
_LARGEST: Final = 200_000
_SHOWN_ELSEWHERE: Final = frozenset({"command", "cmd", "script", "args", "cwd"})
_BY_DIFF: Final = frozenset(
    {
        "content", "old_string", "new_string", "oldString", "newString", "edits", "diff",
        "filepath", "path", "file_path", "filePath",
    }
)  # fmt: skip
_ALLOWING: Final = ("allow_once", "allow_always")
_REJECTING: Final = ("reject_once", "reject_always")


def facts_of(tool: ToolSeen, workspace: str, path: str) -> Facts:
    """Nail down what an agent wants to do itself, as far as it says; `path` is its PATH."""
    command = tool.command
    if command:
        return _command(tool, command, workspace, path)
    preview = diffs_of(tool.content)
    hidden = _BY_DIFF if preview else frozenset()
    more = {key: value for key, value in tool.given.items() if key not in hidden}
    arguments: dict[str, Any] = {"title": one_line(tool.title)}
    if tool.path:
        arguments["path"] = _inside(tool.path, workspace)
    if more:
        arguments["input"] = more
    problem = ""
    if tool.kind == "execute":
        problem = "the agent does not say which command it wants to run"
    elif len(preview) + len(as_json(more)) > _LARGEST:
        problem = "it is too large to be looked through"
    return Facts(
        PREFIX + tool.kind,
        arguments,
        cwd=workspace,
        cwd_inode=_inode(workspace),
        risks=_RISKS.get(tool.kind, ("write",)),
        preview=preview,
        problem=problem,
    )


def _command(tool: ToolSeen, command: str | tuple[str, ...], workspace: str, path: str) -> Facts:
    """Nail down a command: one of plain words as its argv, anything else as a script."""
    folder = tool.given.get("cwd")
    cwd = os.path.join(workspace, folder) if isinstance(folder, str) else workspace
    argv = command if isinstance(command, tuple) else ()
    arguments: dict[str, Any] = {}
    if isinstance(command, str):
        script = read_script(command)
        if not script.problem and not script.refused and len(script.commands) == 1:
            argv = script.commands[0]
            if command.split() != list(argv):
                arguments["command"] = command
        else:
            arguments["script"] = command
    more = {key: value for key, value in tool.given.items() if key not in _SHOWN_ELSEWHERE}
    if more:
        arguments["input"] = more
    return Facts(
        f"{PREFIX}execute",
        arguments,
        argv=argv,
        program=find_program(argv[0], path=path, cwd=cwd) if argv else "",
        cwd=cwd,
        cwd_inode=_inode(cwd),
        risks=("write",),
        problem="" if len(as_json(arguments)) <= _LARGEST else "it is too large to look through",
    )


def _inside(path: str, workspace: str) -> str:
    """Give a path relative to the workspace, where it is inside it."""
    whole = os.path.normpath(os.path.join(workspace, path))
    return os.path.relpath(whole, workspace) if whole.startswith(workspace + "/") else whole


def _inode(folder: str) -> str:
    try:
        found = os.stat(folder)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def option_for(options: Any, allow: bool) -> str | None:
    """Choose the option that says yes or no once; None where the agent offers no such answer.

    Options of unknown kinds are read by their ids: "allow", "yes", "once", "reject", "no", "deny".
    """
    offered = [
        one
        for one in (options if isinstance(options, list) else [])
        if isinstance(one, dict) and isinstance(one.get("optionId"), (str, int))
    ]
    for kind in _ALLOWING if allow else _REJECTING:
        for one in offered:
            if one.get("kind") == kind:
                return str(one["optionId"])
    words = ("allow", "yes", "approve", "proceed") if allow else ("reject", "deny", "no")
    unknown = [one for one in offered if one.get("kind") not in {*_ALLOWING, *_REJECTING}]
    return next((str(one["optionId"]) for one in unknown if _says(one, words)), None)


def is_for_good(options: Any, chosen: str) -> bool:
    """Say whether an option makes the agent ask no more."""
    return any(
        isinstance(one, dict)
        and one.get("optionId") == chosen
        and one.get("kind") in {"allow_always", "reject_always"}
        for one in (options if isinstance(options, list) else [])
    )


def _says(option: Mapping[str, Any], words: Sequence[str]) -> bool:
    spoken = f"{option.get('optionId')} {option.get('name') or ''}".lower().replace("_", " ")
    return any(word in spoken.replace("-", " ").split() for word in words)
