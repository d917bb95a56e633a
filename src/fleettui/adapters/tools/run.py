"""The tool that runs a program: resolved, hashed and bound before, checked again at the start."""

from __future__ import annotations

from fleettui.adapters.tools.execution import FIELDS, freeze_program, start_program
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.model import Facts, Workplace

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
    **FIELDS,
)


async def _freeze(arguments: Arguments, place: Workplace, around: Surroundings) -> Facts:
    return await freeze_program("run", tuple(arguments["argv"]), arguments, place, around)


TOOLS = (Tool(RUN, _freeze, start_program),)
