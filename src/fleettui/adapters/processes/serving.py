"""A long-lived program that is spoken to over its pipes: own process group, dies with the host."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from fleettui.adapters.processes import launch

_GRACE: Final = 5.0  # seconds between SIGTERM and SIGKILL (safety.md, T10)
_GOODBYE: Final = 1.0  # seconds to end by itself once its input is closed
_ERRORS_KEPT: Final = 2_000


class Serving:
    """A running program; `errors` is the end of what it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self.stdin, self.stdout = process.stdin, process.stdout
        self._errors = bytearray()
        self._listening = asyncio.ensure_future(self._listen(process.stderr))

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """The last lines it wrote to stderr."""
        return self._errors.decode(errors="replace").strip()

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.returncode

    async def end(self) -> None:
        """Close its input, then end the whole group: TERM, and KILL after 5 s."""
        self.stdin.close()
        try:
            if not await self._gone(_GOODBYE):
                _signal(self.pid, signal.SIGTERM)
                await self._gone(_GRACE)
        finally:
            _signal(self.pid, signal.SIGKILL)
            self._listening.cancel()
        await self._gone(_GRACE)
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else its pipes leak

    async def _gone(self, seconds: float) -> bool:
        """Wait for the program alone: from Python 3.12 `wait` waits for its pipes too."""
        waiting = asyncio.ensure_future(self._process.wait())
        until = asyncio.get_running_loop().time() + seconds
        while self.exit_code is None and asyncio.get_running_loop().time() < until:
            await asyncio.wait({waiting}, timeout=0.05)
        waiting.cancel()
        return self.exit_code is not None

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(4_096):
            self._errors += chunk
            del self._errors[:-_ERRORS_KEPT]


async def serve(argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> Serving:
    """Start a program that lives as long as this process at most; raises OSError."""
    program = await asyncio.to_thread(_found, argv[0], cwd, env.get("PATH", ""))
    digest = await asyncio.to_thread(_digest, program)
    folder = os.stat(cwd)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", launch.__file__, str(os.getpid()),
        program, digest, os.path.realpath(cwd), f"{folder.st_dev}:{folder.st_ino}", *argv,
        cwd="/",
        env=dict(env),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    return Serving(process)


def _found(name: str, cwd: str, path: str) -> str:
    where = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=path)
    if where is None or not os.path.isfile(where) or not os.access(where, os.X_OK):
        raise FileNotFoundError(f"program not found: {name}")
    return os.path.realpath(where)


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
