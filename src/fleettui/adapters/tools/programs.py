"""Tools that are one program each: `kubectl`, `helm`, and those a fleet declares."""

from __future__ import annotations

from fleettui.adapters.tools.execution import FIELDS, freeze_program, start_program
from fleettui.adapters.tools.tool import Arguments, Surroundings, Tool, spec
from fleettui.core.model import Facts, ToolProgram, Workplace


def program_tool(program: ToolProgram) -> Tool:
    """Make the tool that runs this program and no other."""
    about = f"{program.description.rstrip('.')}. " if program.description else ""
    told = spec(
        program.name,
        f"{about}Run {program.program} in the workspace, without a shell. A person may have to "
        "approve it first.",
        ("args",),
        args={
            "type": "array",
            "items": {"type": "string"},
            "description": f"What follows {program.program}, each argument apart.",
        },
        **FIELDS,
    )

    async def freeze(arguments: Arguments, place: Workplace, around: Surroundings) -> Facts:
        argv = (program.program, *program.args, *arguments["args"])
        return await freeze_program(program.name, argv, arguments, place, around)

    return Tool(told, freeze, start_program)
