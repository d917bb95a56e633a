"""Terminals: commands that an agent has run by its host, each an action under the policy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fleettui.adapters.processes.ward import Ward
from fleettui.core.model import Facts, ToolResult

MOST: Final = 16
_LIMIT: Final = 1_000_000  # bytes of output kept, whatever an agent asks for


@dataclass(slots=True)
class Terminal:
    """One command; the end of its output is kept, `size` counts all of it."""

    child: Ward
    action: str
    limit: int
    output: bytearray = field(default_factory=bytearray)
    size: int = 0
    reading: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """The output kept, from a whole character on."""
        start = 0
        while start < min(4, len(self.output)) and self.truncated and self._inside(start):
            start += 1
        return bytes(self.output[start:]).decode(errors="replace")

    def _inside(self, place: int) -> bool:
        return 0x80 <= self.output[place] < 0xC0

    @property
    def truncated(self) -> bool:
        return self.size > len(self.output)

    async def read(self) -> None:
        """Read to the end of the output and of the command."""
        while chunk := await self.child.output.read(65_536):
            self.size += len(chunk)
            self.output += chunk
            if len(self.output) > self.limit:
                del self.output[: -self.limit or None]
        await self.child.wait_exit()

    def status(self) -> Mapping[str, object] | None:
        """Give how it ended, in the protocol's words."""
        code = self.child.exit_code
        if code is None:
            return None
        if code > 128:
            return {"exitCode": code, "signal": str(code - 128)}
        return {"exitCode": code}

    def result(self) -> ToolResult:
        code = self.child.exit_code
        return ToolResult(
            self.text, ok=code == 0, exit_code=code, size=self.size if self.truncated else 0
        )


async def start_terminal(facts: Facts, action: str, env: Mapping[str, str], limit: int) -> Terminal:
    """Start a command that was allowed, as it was judged; raises OSError."""
    child = await Ward.start(
        facts.argv, program=facts.program, sha256=facts.program_sha256, cwd=facts.cwd,
        inode=facts.cwd_inode, env=env, merge=True,
    )  # fmt: skip
    return Terminal(child, action, max(0, min(limit, _LIMIT)))
