"""The programs that a file's agents may have as tools: those of `tools/*.yaml`, and which exist."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fleettui.adapters.yaml.files import SIZE_LIMIT
from fleettui.core.spec.known import PROGRAMS, tool_name
from fleettui.core.spec.problem import Fault, Loc

_FILES_LIMIT: Final = 200
# Folders of a deployment that stand beside its `tools`.
_SISTERS: Final = frozenset({"agents", "fleets", "flows"})
_OF_KIND: Final = re.compile(rb"^kind:\s*[\"']?Tool\b", re.MULTILINE)
SANDBOX: Final = "bwrap"
# Tools whose programs a sandbox confines, besides those that are programs themselves.
_RUNNING: Final = ("run", "shell")


def tool_files(path: str) -> tuple[str, ...]:
    """Name the files of kind Tool in the folder `tools` beside a file, or beside its folder."""
    folder = Path(path).parent
    places = [folder / "tools"]
    if Path(os.path.realpath(folder)).name in _SISTERS:
        places.append(folder.parent / "tools")
    found = [
        str(one)
        for place in places
        for one in sorted(place.glob("*.y*ml"))[:_FILES_LIMIT]
        if _is_tool(one, place)
    ]
    return tuple(found)


def _is_tool(path: Path, folder: Path) -> bool:
    try:
        inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
        if not inside or not path.is_file() or path.stat().st_size > SIZE_LIMIT:
            return False
        return _OF_KIND.search(path.read_bytes()) is not None
    except OSError:
        return False


def program_faults(
    spec: Mapping[str, Any],
    loc: Loc,
    declared: Mapping[str, str],
    environment: Mapping[str, str],
    *,
    sandboxed: bool,
) -> Iterator[Fault]:
    """Warn of tools whose program is not installed, and of a sandbox that is not there."""
    path = environment.get("PATH")
    tools = spec.get("tools")
    confined = False
    for at, tool in enumerate(tools if isinstance(tools, list) else []):
        name = tool_name(tool)
        if name is None or (name == "git" and name not in declared):
            continue
        program = declared.get(name) or (name if name in PROGRAMS else "")
        confined = confined or bool(program) or name in _RUNNING
        if program and shutil.which(program, path=path) is None:
            message = f"program '{program}' is not installed here, the agent runs without it"
            yield Fault((*loc, "tools", at), message, "warning")
    if sandboxed and confined and shutil.which(SANDBOX, path=path) is None:
        message = (
            "sandbox needs bubblewrap (bwrap), which is not installed here: calls of run, shell and"
            " programs will fail, install it (apt-get install bubblewrap)"
        )
        where = (*loc, "sandbox") if "sandbox" in spec else loc
        yield Fault(where, message, "warning", "key")


def declared_names(programs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Map the names of declared tools to their programs."""
    return {
        str(one["name"]): str(one["program"])
        for one in programs
        if isinstance(one.get("name"), str) and isinstance(one.get("program"), str)
    }
