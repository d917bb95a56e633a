"""A model worker as its host sees it: started when first needed, asked in frames, replaced."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from fleettui.adapters.models.environment import worker_environment
from fleettui.adapters.models.frames import (
    Ask,
    Cancel,
    FrameTooLarge,
)
from fleettui.adapters.models.link import Link, OpenCall
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply

# A worker that says nothing for so long after a call's own timeout is stuck.
GRACE_SECONDS: Final = 30.0
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 10.0


class RemoteWorker:
    """One place for a worker: at most one process at a time, a new one when the last died."""

    def __init__(
        self,
        log: Path | None = None,
        *,
        grace: float = GRACE_SECONDS,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._log = log
        self._grace = grace
        self._arguments = arguments
        self._link: Link | None = None
        self._starting = asyncio.Lock()
        self._deaths = 0
        self._number = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Give the process id of the living worker."""
        return self._link.process.pid if self._link and self._link.alive else None

    @property
    def load(self) -> int:
        """Count the open calls."""
        return len(self._link.calls) if self._link else 0

    async def ask(self, ask: Ask, on_text: Callable[[str], None] | None) -> ModelReply:
        """Make a call through the worker; raises ModelFailed. Cancelling cancels it there too."""
        link = await self._living()
        self._number += 1
        ask = msgspec.structs.replace(ask, id=self._number)
        call = OpenCall(asyncio.get_running_loop().create_future(), on_text)
        link.calls[ask.id] = call
        try:
            if not link.alive:
                raise ModelFailed("the model worker ended before the call", retryable=True)
            async with asyncio.timeout(ask.timeout + self._grace):
                await link.send(ask)
                return await call.answer
        except FrameTooLarge as error:
            raise ModelFailed(str(error), "shorten the conversation") from None
        except TimeoutError:
            link.kill()
            raise ModelFailed(
                f"the model worker did not answer within {ask.timeout + self._grace:g} s",
                retryable=True,
            ) from None
        finally:
            del link.calls[ask.id]
            if not call.answer.done() or call.answer.cancelled():
                link.post(Cancel(ask.id))
            else:
                call.answer.exception()

    async def close(self) -> None:
        """End the worker; open calls fail."""
        self._closed = True
        async with self._starting:
            if self._link is not None:
                await self._link.close()
                self._link = None

    async def _living(self) -> Link:
        async with self._starting:
            if self._closed:
                raise ModelFailed("the model worker is closed")
            if self._link is not None and self._link.alive:
                return self._link
            if self._link is not None:
                await self._bury(self._link)
            self._link = await self._start()
            return self._link

    async def _bury(self, link: Link) -> None:
        """Wait for a dead worker's end, and before the next start the longer the more died."""
        await link.close()
        self._deaths = 0 if link.served else self._deaths + 1
        if self._deaths:
            await asyncio.sleep(min(FIRST_WAIT * 2**self._deaths, LONGEST_WAIT))

    async def _start(self) -> Link:
        log = await asyncio.to_thread(_open_log, self._log)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "fleettui.adapters.models.worker",
                str(theirs.fileno()), *self._arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(theirs.fileno(),), cwd="/", start_new_session=True,
                env=worker_environment(os.environ),
            )  # fmt: skip
            reader, writer = await asyncio.open_connection(sock=ours)
        except BaseException as error:
            # Also when whoever asked is cancelled: a worker without its socket ends by itself.
            ours.close()
            if not isinstance(error, OSError):
                raise
            raise ModelFailed(
                f"the model worker can't be started: {error}",
                retryable=True,
            ) from error
        finally:
            theirs.close()
            os.close(log)
        return Link(process, reader, writer)


def _open_log(path: Path | None) -> int:
    if path is None:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise ModelFailed(
            f"the log {path} of the model worker can't be written: {error}",
        ) from error
