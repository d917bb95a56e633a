"""Tools that are programs: those known by name, and those a file declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from fleettui.core.model import ToolProgram
from fleettui.core.spec.known import PROGRAMS
from fleettui.core.spec.metadata import ApiVersion, Metadata
from fleettui.core.spec.shape import Items, Name, Seconds, Shape


class ProgramSpec(Shape):
    """What a tool that is a program runs, and with what."""

    program: str = Field(min_length=1, description="The program: a name on the PATH, or a path.")
    description: str = Field(default="", description="What the model is told about it.")
    args: Items = Field(default=(), description="Arguments that stand before those of a call.")
    allowed_commands: Items = Field(
        default=(), description="Verbs that run; every other one is denied. All when empty."
    )
    blocked_commands: Items = Field(default=(), description="Verbs that are denied.")
    timeout: Seconds | None = Field(default=None, description="Seconds a call may take; 120.")


class Program(ProgramSpec):
    """A tool that is a program."""

    name: Name = Field(description="Its name among an agent's tools.")


class ToolFile(Shape):
    """A file of kind Tool, in the folder `tools` beside a fleet file."""

    apiVersion: ApiVersion = Field(description="`aof.dev/v1`.")  # noqa: N815  the YAML's word
    kind: Literal["Tool"] = Field(description="`Tool`.")
    metadata: Metadata = Field(description="Its name, which agents write under `tools`.")
    spec: ProgramSpec = Field(description="What it runs.")


def program_of(tool: str, declared: Sequence[Program] = ()) -> Program | None:
    """Give the program that a tool's name stands for; a declared one comes first."""
    for program in declared:
        if program.name == tool:
            return program
    return Program(name=tool, program=tool) if tool in PROGRAMS else None


def tool_programs(tools: Sequence[str], declared: Sequence[Program]) -> dict[str, ToolProgram]:
    """Give an agent's tools that are programs, by their names."""
    found: dict[str, ToolProgram] = {}
    for tool in tools:
        one = program_of(tool, declared)
        if one is not None:
            found[tool] = ToolProgram(
                one.name, one.program, one.args, one.description, one.timeout or 0.0
            )
    return found
