"""The tools that read files: one file's lines, and the list of files."""

from __future__ import annotations

import asyncio
import fnmatch
import os
import re
from collections.abc import Iterator
from typing import Final

from fleettui.adapters.tools.bounds import page
from fleettui.adapters.tools.git import find_repository
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.adapters.tools.workspace import Place, confine, git_internal, read_inside, real_root
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Risk, ToolResult, Workplace

_LARGEST: Final = 8_000_000
_MOST_FILES: Final = 50_000
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache"})

READ_FILE = spec(
    "read_file",
    "Read a text file, or the lines from start_line to end_line of it (from 1).",
    ("path",),
    path={"type": "string", "minLength": 1, "description": "Relative to the workspace."},
    start_line={"type": "integer", "minimum": 1},
    end_line={"type": "integer", "minimum": 1},
)
LIST_FILES = spec(
    "list_files",
    "List the files below a folder; in a git repository without the ignored ones.",
    path={"type": "string", "description": "A folder; default the workspace."},
    glob={"type": "string", "description": "Only matching files: *.py, src/**/*.ts"},
)


async def _freeze_read(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    path = confine(place.workspace, arguments["path"])
    if arguments.get("end_line", 1 << 60) < arguments.get("start_line", 1):
        raise ToolFailed("end_line is before start_line", "give end_line >= start_line")
    return Facts("read_file", arguments, cwd=path.root, risks=reading(path))


async def _freeze_list(arguments: Arguments, place: Workplace, _around: Surroundings) -> Facts:
    confine(place.workspace, arguments.get("path", "."))
    return Facts("list_files", arguments, cwd=real_root(place.workspace), risks=("read",))


def reading(path: Place) -> tuple[Risk, ...]:
    """Give the risks of reading a path: a file that looks secret is more than reading."""
    return ("read", "secret") if path.secret else ("read",)


async def _read(facts: Facts, place: Workplace, _around: Surroundings) -> ToolResult:
    wanted = facts.arguments
    path = confine(place.workspace, wanted["path"])
    if os.path.isdir(path.real):
        raise ToolFailed(f"{path.name} is a folder", "list it with list_files")
    body = await asyncio.to_thread(read_inside, path, _LARGEST + 1)
    if b"\0" in body[:8_000]:
        return ToolResult(
            f"{path.name} is binary, {os.path.getsize(path.real):,} bytes: not shown."
        )
    if not body:
        return ToolResult(f"{path.name} is empty.")
    lines = body[:_LARGEST].decode(errors="replace").splitlines()
    if len(body) > _LARGEST:
        lines.append(f"[the file is larger than {_LARGEST:,} bytes: the rest can't be read here]")
    return page("", lines[: wanted.get("end_line", len(lines))], wanted.get("start_line", 1))


async def _list(facts: Facts, place: Workplace, around: Surroundings) -> ToolResult:
    path = confine(place.workspace, facts.arguments.get("path", "."))
    if not os.path.isdir(path.real):
        raise ToolFailed(f"{path.name} is not a folder", "read it with read_file")
    names = await file_names(path, place, around)
    chosen = [name for name in names if fits(name, facts.arguments.get("glob", ""))]
    if not chosen:
        return ToolResult("No file there." if not names else "No file matches.")
    return page("", chosen, 1, more="or list one folder at a time")


async def file_names(path: Place, place: Workplace, around: Surroundings) -> list[str]:
    """Name the files below a folder, sorted; git's view of it where there is a repository."""
    repository = await find_repository(place.workspace, around)
    if repository is None:
        return await asyncio.to_thread(lambda: sorted(_walk(path)))
    pathspec = f":(literal){path.name}" if path.name != "." else "."
    listed = await repository.lines(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pathspec
    )
    return sorted({name for name in listed.split("\0") if name and not git_internal(name)})


def fits(name: str, glob: str) -> bool:
    """Say whether a file fits a glob: on its whole path if that has a slash, else on its name."""
    if not glob:
        return True
    if "/" not in glob:
        return fnmatch.fnmatchcase(name.rpartition("/")[2], glob)
    plain = re.sub(r"\*\*/", "", glob)
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in {glob, plain})


def _walk(path: Place) -> Iterator[str]:
    count = 0
    for folder, below, files in os.walk(path.real):
        below[:] = sorted(name for name in below if name not in _SKIPPED and not git_internal(name))
        for name in files:
            count += 1
            if count > _MOST_FILES:
                return
            yield os.path.relpath(os.path.join(folder, name), path.root)


TOOLS = (Tool(READ_FILE, _freeze_read, _read), Tool(LIST_FILES, _freeze_list, _list))
