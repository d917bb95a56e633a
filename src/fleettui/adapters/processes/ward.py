"""Ward: a program that lives long, with pipes, in a session of its own; it dies with the host."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from fleettui.adapters.processes import warden

_KEEPS: Final = 6.5  # seconds a warden may take: its own 5 s of grace, and a little
_LAST_WORDS: Final = 4_000
_LIMIT: Final = 1 << 20


class Ward:
    """One program and all that it starts; made by `Ward.start`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._errors = bytearray()
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    async def start(
        cls, argv: Sequence[str], *, program: str, cwd: str, env: Mapping[str, str],
        sha256: str = "", inode: str = "", merge: bool = False,
    ) -> Ward:  # fmt: skip
        """Start `program` as `argv`; raises OSError.

        With `sha256` and `inode` ("device:inode" of the folder) it becomes only what was approved;
        `merge` puts its errors among the output.
        """
        if not inode:
            folder = os.stat(cwd)
            inode = f"{folder.st_dev}:{folder.st_ino}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", warden.__file__, str(os.getpid()),
            program, sha256, cwd, inode, *argv,
            cwd="/", env=dict(env),
            stdin=asyncio.subprocess.DEVNULL if merge else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if merge else asyncio.subprocess.PIPE,
            start_new_session=True, limit=_LIMIT,
        )  # fmt: skip
        return cls(process)

    @property
    def pid(self) -> int:
        """The warden's process id, which is also its group's and its session's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return bytes(self._errors).decode(errors="replace").strip()

    @property
    def output(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    async def _listen(self) -> None:
        stream = self._process.stderr
        while stream is not None and (chunk := await stream.read(65_536)):
            self._errors += chunk
            del self._errors[:-_LAST_WORDS]

    async def wait_exit(self) -> int:
        """Wait for its end, and that of all it started; from Python 3.12 `wait` waits for pipes."""
        waiting = asyncio.ensure_future(self._process.wait())
        try:
            while self._process.returncode is None:
                await asyncio.wait({waiting}, timeout=0.1)
        finally:
            waiting.cancel()
        return self._process.returncode

    async def wait_ended(self, most: float) -> None:
        """Wait a moment for its end and the rest of its standard error."""
        waiting = asyncio.ensure_future(self.wait_exit())
        await asyncio.wait({waiting, self._listening}, timeout=most)
        waiting.cancel()

    async def end(self) -> None:
        """End it and all it started: SIGTERM, 5 s later SIGKILL; safe to call twice."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
            if self._process.returncode is None:
                self._signal(signal.SIGTERM)
                await asyncio.wait_for(self.wait_exit(), _KEEPS)
        except TimeoutError:
            self._signal(signal.SIGKILL)
        finally:
            self.close()

    def close(self) -> None:
        """Kill what is left, and let go of the pipes."""
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
        self._listening.cancel()
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else its pipes leak

    def _signal(self, number: signal.Signals) -> None:
        """Signal the warden, which ends the rest; SIGKILL goes to its whole group."""
        try:
            if number is signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def find_program(name: str, *, path: str, cwd: str) -> str:
    """Give the real path of a program, or an empty text where there is none."""
    where = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=path)
    if where is None or not os.path.isfile(where) or not os.access(where, os.X_OK):
        return ""
    return os.path.realpath(where)
