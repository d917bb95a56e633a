"""Child: a long-lived program with pipes, kept like every other: bounded, and ended whole."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fleettui.adapters.processes.keeping import Keeping, LastWord, keeper_argv, read_last_word

# Seconds from SIGTERM until the keeper has killed everything (5), and some more for itself.
_PATIENCE: Final = 7.0
# What one line of a child may have, in bytes.
_LINE: Final = 8 << 20


class Child:
    """A program that runs; `stdin`, `stdout` and `stderr` are its pipes."""

    def __init__(self, process: asyncio.subprocess.Process, words: int) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdin, self.stdout, self.stderr = process.stdin, process.stdout, process.stderr
        self._process, self._words = process, words

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> LastWord:
        """Wait until the program and all it started have ended."""
        await self._process.wait()
        os.set_blocking(self._words, False)
        try:
            return read_last_word(os.read(self._words, 4096))
        except BlockingIOError:
            return LastWord(-signal.SIGKILL)

    async def stop(self) -> None:
        """End it: SIGTERM, 5 s, SIGKILL, to everything under it."""
        if self.is_running:
            self._send(signal.SIGTERM)
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._process.wait()
            except TimeoutError:
                self._send(signal.SIGKILL)
                await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Let go of the pipes."""
        os.close(self._words)
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else its pipes leak


@asynccontextmanager
async def running_child(
    argv: Sequence[str], *, cwd: str, env: Mapping[str, str], keeping: Keeping
) -> AsyncIterator[Child]:
    """Start a program in a group of its own; it and all it started end with the context.

    Raises OSError where no process can be made; a program that can't be started exits with 127.
    """
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        process = await asyncio.create_subprocess_exec(
            *keeper_argv(keeping, argv, status=writing),
            cwd=cwd,
            env=dict(env),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=(writing,),
            limit=_LINE,
        )
    except OSError:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    child = Child(process, reading)
    try:
        yield child
    finally:
        await asyncio.shield(child.stop())
        child.close()
