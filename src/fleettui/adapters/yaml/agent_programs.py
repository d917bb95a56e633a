"""Programs that agents of a file are, and that the machine which reads it does not have."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleettui.core.spec.problem import Fault, Loc

# What a runtime's program is where the file does not say, and how to get it.
_PROGRAMS: Final[Mapping[str, tuple[str, str]]] = {
    "acp": ("", "install it, or mend the command"),
    "claude-code": ("claude-agent-acp", "npm install -g @agentclientprotocol/claude-agent-acp"),
}


def agent_program_faults(
    spec: Mapping[str, Any], loc: Loc, environment: Mapping[str, str]
) -> Iterator[Fault]:
    """Warn of an agent whose program is not on the PATH of who reads the file, or its own."""
    known = _PROGRAMS.get(str(spec.get("type")))
    own = spec.get("environment", spec.get("env"))
    path = own.get("PATH") if isinstance(own, dict) else None
    path = path if isinstance(path, str) and "${" not in path else environment.get("PATH")
    if known is None or not path:
        return
    command = spec.get("command")
    written = command[0] if isinstance(command, list) and command else known[0]
    if not isinstance(written, str) or not written or "/" in written:
        return
    if shutil.which(written, path=path) is None:
        at: Loc = (*loc, "command", 0) if command else (*loc, "type")
        yield Fault(at, f"program not found: {written}; {known[1]}", "warning")
