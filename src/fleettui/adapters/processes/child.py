"""Child: a long-lived program with pipes, kept like every other: bounded, and ended whole."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fleettui.adapters.processes.keeping import (
    Keeping,
    LastWord,
    keeper_argv,
    over_limit,
    read_last_word,
)

# Seconds from SIGTERM until the keeper has killed everything (5), and some more for itself.
_PATIENCE: Final = 7.0
_LAST_WORDS: Final = 4_000
# How much of its output waits here before it must wait itself, in bytes.
_LIMIT: Final = 1 << 20


class Child:
    """One program and all that it starts; made by `Child.start`."""

    def __init__(self, process: asyncio.subprocess.Process, words: int, keeping: Keeping) -> None:
        self._process, self._words, self._keeping = process, words, keeping
        self._errors = bytearray()
        self._last: LastWord | None = None
        self._closed = False
        self._listening = asyncio.ensure_future(self._listen())

    @classmethod
    async def start(
        cls, argv: Sequence[str], *, cwd: str, env: Mapping[str, str], keeping: Keeping,
        program: str = "", sha256: str = "", inode: str = "", merge: bool = False,
    ) -> Child:  # fmt: skip
        """Start `argv`; raises OSError where no process can be made.

        A program that can't be started exits with 127. With a `program` it is that file; with
        `sha256` and `inode` ("device:inode" of the folder) it becomes only what was approved, else
        exits with 125. `merge` puts its errors among the output, and gives it no input.
        """
        words = tuple(argv)
        if program:
            words = (program, sha256, cwd, inode or _inode(cwd), *argv)
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            process = await asyncio.create_subprocess_exec(
                *keeper_argv(keeping, words, status=writing, launch=bool(program)),
                cwd="/" if program else cwd, env=dict(env),
                stdin=asyncio.subprocess.DEVNULL if merge else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT if merge else asyncio.subprocess.PIPE,
                start_new_session=True, pass_fds=(writing,), limit=_LIMIT,
            )  # fmt: skip
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return cls(process, reading, keeping)

    @property
    def pid(self) -> int:
        """The keeper's process id, which is also its group's and its session's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, None as long as it runs; 128 and more are signals."""
        return self._process.returncode

    @property
    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return bytes(self._errors).decode(errors="replace").strip()

    @property
    def over(self) -> str:
        """Which of its limits ended it, empty for none."""
        return over_limit(self._last_word(), self._keeping.limits)

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

    def _last_word(self) -> LastWord:
        """Give what its keeper left, as long as there is something to read from."""
        if self._last is not None or self._closed or self.exit_code is None:
            return self._last or LastWord()
        os.set_blocking(self._words, False)
        try:
            self._last = read_last_word(os.read(self._words, 4096))
        except BlockingIOError:
            self._last = LastWord(-signal.SIGKILL)
        return self._last

    async def wait(self) -> LastWord:
        """Wait until the program and all it started have ended.

        From Python 3.12 the process's own `wait` waits for its pipes too.
        """
        waiting = asyncio.ensure_future(self._process.wait())
        try:
            while self._process.returncode is None:
                await asyncio.wait({waiting}, timeout=0.1)
        finally:
            waiting.cancel()
        return self._last_word()

    async def wait_ended(self, most: float) -> None:
        """Wait a moment for its end and the rest of its standard error."""
        waiting = asyncio.ensure_future(self.wait())
        await asyncio.wait({waiting, self._listening}, timeout=most)
        waiting.cancel()

    async def end(self) -> None:
        """End it and all it started: SIGTERM, 5 s later SIGKILL; safe to call twice."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
            if self.exit_code is None:
                self._signal(signal.SIGTERM)
                await asyncio.wait_for(self.wait(), _PATIENCE)
        except TimeoutError:
            self._signal(signal.SIGKILL)
        finally:
            self.close()

    def close(self) -> None:
        """Kill what is left, and let go of the pipes."""
        if self._closed:
            return
        if self.exit_code is None:
            self._signal(signal.SIGKILL)
        self._last_word()
        self._closed = True
        self._listening.cancel()
        os.close(self._words)
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else its pipes leak

    def _signal(self, number: signal.Signals) -> None:
        """Signal the keeper, which ends the rest; SIGKILL goes to its whole group."""
        try:
            if number is signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return


def _inode(folder: str) -> str:
    there = os.stat(folder)
    return f"{there.st_dev}:{there.st_ino}"


@asynccontextmanager
async def running_child(
    argv: Sequence[str], *, cwd: str, env: Mapping[str, str], keeping: Keeping
) -> AsyncIterator[Child]:
    """Start a program; it and all it started end with the context. Raises as `Child.start`."""
    child = await Child.start(argv, cwd=cwd, env=env, keeping=keeping)
    try:
        yield child
    finally:
        await asyncio.shield(child.end())
