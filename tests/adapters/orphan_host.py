"""A host that somebody will kill: starts a program with a daemon, and says their numbers."""

from __future__ import annotations

import asyncio
import sys

from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.program import run_program

DAEMON = "setsid sleep 1000 & echo $! > daemon; exec sleep 1001"


async def main(folder: str) -> None:
    """Run until killed."""
    argv = ("sh", "-c", DAEMON)
    env = {"PATH": "/usr/bin:/bin"}
    await run_program(argv, cwd=folder, env=env, timeout=100, keeping=Keeping("f/a"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
