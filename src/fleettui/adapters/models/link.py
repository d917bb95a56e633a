"""A living worker process at the other end of its socket, and the calls that are open in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from fleettui.adapters.models.frames import (
    UP,
    Delta,
    Down,
    Failed,
    FrameTooLarge,
    pack,
    read_body,
)
from fleettui.adapters.models.frames import (
    Final as FinalFrame,
)
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply

END_SECONDS: Final = 5.0


@dataclass(slots=True)
class OpenCall:
    """A call that somebody waits for."""

    answer: asyncio.Future[ModelReply]
    on_text: Callable[[str], None] | None


class Link:
    """One living worker process and the calls that are open in it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self.calls: dict[int, OpenCall] = {}
        self.served = False
        self._killed = False
        self._reader = reader
        self._writer = writer
        self.reading = asyncio.create_task(self._read())

    @property
    def alive(self) -> bool:
        """Say whether the worker can still answer."""
        return not self._killed and not self.reading.done()

    async def send(self, frame: Down) -> None:
        """Write a frame; a worker that is gone is noticed by the reader."""
        self.post(frame)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def post(self, frame: Down) -> None:
        """Write a small frame without waiting: a stuck worker may not hold its callers."""
        packed = pack(frame)
        if not self._writer.is_closing():
            self._writer.write(packed)

    def kill(self) -> None:
        """End the process at once; from now on it is dead, whenever its end arrives."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def close(self) -> None:
        """Hang up, wait for the process to end, and kill it when it does not."""
        self._writer.close()
        try:
            await asyncio.wait_for(self.process.wait(), END_SECONDS)
        except TimeoutError:
            self.kill()
            await self.process.wait()
        await asyncio.wait({self.reading})

    async def _read(self) -> None:
        try:
            while (body := await read_body(self._reader)) is not None:
                self._take(body)
        except (FrameTooLarge, msgspec.MsgspecError):
            self.kill()
        finally:
            self._writer.close()
            self._fail_all()

    def _take(self, body: bytes) -> None:
        frame = UP.decode(body)
        self.served = True
        call = self.calls.get(frame.id)
        if call is None or call.answer.done():
            return
        match frame:
            case Delta(text=text):
                _hand_on(call, text)
            case FinalFrame(reply=reply):
                call.answer.set_result(reply)
            case Failed() as failed:
                call.answer.set_exception(_failure(failed))

    def _fail_all(self) -> None:
        for call in self.calls.values():
            if not call.answer.done():
                call.answer.set_exception(
                    ModelFailed("the model worker ended during the call", retryable=True),
                )


def _hand_on(call: OpenCall, text: str) -> None:
    if call.on_text is None:
        return
    try:
        call.on_text(text)
    except Exception as error:  # noqa: BLE001 - a listener's fault is its own call's, not the link's
        call.answer.set_exception(error)


def _failure(failed: Failed) -> ModelFailed:
    return ModelFailed(
        failed.message,
        failed.mend,
        retryable=failed.retryable,
        retry_after=failed.retry_after,
        status=failed.status,
    )
