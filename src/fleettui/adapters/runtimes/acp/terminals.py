"""Terminals: commands that an agent has run by its host, each an action under the policy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fleettui.adapters.processes.child import Child
from fleettui.adapters.processes.keeping import Keeping
from fleettui.core.model import Facts, ToolResult, Workplace

MOST: Final = 16
_LIMIT: Final = 1_000_000  # bytes of output kept, whatever an agent asks for


@dataclass(slots=True)
class Terminal:
    """One command; the end of its output is kept, `size` counts all of it."""

    child: Child
    action: str
    limit: int
    seconds: float | None = None
    note: str = ""
    output: bytearray = field(default_factory=bytearray)
    size: int = 0
    reading: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """The output kept, from a whole character on."""
        start = 0
        while start < min(4, len(self.output)) and self.truncated and self._inside(start):
            start += 1
        said = bytes(self.output[start:]).decode(errors="replace")
        return f"{said}\n{self.note}".lstrip() if self.note else said

    def _inside(self, place: int) -> bool:
        return 0x80 <= self.output[place] < 0xC0

    @property
    def truncated(self) -> bool:
        return self.size > len(self.output)

    async def read(self) -> None:
        """Read to the end of the output and of the command, which has its agent's time at most."""
        try:
            async with asyncio.timeout(self.seconds):
                await self._read()
        except TimeoutError:
            self.note = f"[stopped after {self.seconds:g} s: resource_limits.timeout]"
            await self.child.end()
        if self.child.over:
            self.note = f"[killed: {self.child.over}]"

    async def _read(self) -> None:
        while chunk := await self.child.output.read(65_536):
            self.size += len(chunk)
            self.output += chunk
            if len(self.output) > self.limit:
                del self.output[: -self.limit or None]
        await self.child.wait()

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


async def start_terminal(
    facts: Facts, action: str, env: Mapping[str, str], limit: int, place: Workplace
) -> Terminal:
    """Start a command that was allowed, as it was judged; raises OSError."""
    child = await Child.start(
        facts.argv, program=facts.program, sha256=facts.program_sha256, cwd=facts.cwd,
        inode=facts.cwd_inode, env=env, merge=True,
        keeping=Keeping(f"{place.fleet}/{place.agent}", place.limits),
    )  # fmt: skip
    return Terminal(child, action, max(0, min(limit, _LIMIT)), place.limits.timeout or None)
