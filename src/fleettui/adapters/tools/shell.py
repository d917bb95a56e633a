"""The tool that runs a shell script; an agent has it only where its file names it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from fleettui.adapters.tools.execution import FIELDS, folder_of, freeze_program, start_program
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.errors import ToolFailed
from fleettui.core.model import Facts, Workplace
from fleettui.core.policy.script import read_script

# No start-up file is read: the script is all there is.
BASH: Final = ("bash", "--noprofile", "--norc", "-c")

SHELL = spec(
    "shell",
    "Run a bash script in the workspace. Plain commands joined by && || ; | may run at once; "
    "anything else waits for a person.",
    ("script",),
    script={"type": "string", "minLength": 1, "description": "The script."},
    **FIELDS,
)


async def _freeze(arguments: Arguments, place: Workplace, around: Surroundings) -> Facts:
    script = arguments["script"]
    if "\0" in script:
        raise ToolFailed("the script has a NUL character", "write it without")
    cwd = folder_of("shell", arguments, place)
    parts = placed(read_script(script).commands, cwd)
    return await freeze_program("shell", (*BASH, script), arguments, place, around, parts)


def placed(
    commands: Sequence[tuple[str, ...]], cwd: str
) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Give every command of a script with the folder it runs in, as far as `cd` says so."""
    found: list[tuple[tuple[str, ...], str]] = []
    folder = cwd
    for argv in commands:
        if argv[0] == "cd" and len(argv) > 1:
            folder = os.path.normpath(os.path.join(folder, argv[-1]))
        elif argv[0].strip():
            found.append((argv, folder))
    return tuple(found)


TOOLS = (Tool(SHELL, _freeze, start_program),)
