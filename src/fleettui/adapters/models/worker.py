"""The model worker: a process that reads calls from a socket, makes them, and answers in frames.

`python -P -m fleettui.adapters.models.worker FD`. It never retries, waits for no call before it
reads the next frame, and ends when its host does. litellm is imported when a model first needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import Final

import msgspec

from fleettui.adapters.models.adapter import CallAdapter
from fleettui.adapters.models.frames import (
    DOWN,
    Ask,
    Cancel,
    Delta,
    Failed,
    FrameTooLarge,
    Up,
    pack,
    read_body,
)
from fleettui.adapters.models.frames import (
    Final as FinalFrame,
)
from fleettui.adapters.models.litellm_adapter import LitellmAdapter
from fleettui.adapters.models.pace import Pace
from fleettui.adapters.models.redact import redact
from fleettui.adapters.models.route import Adapter
from fleettui.adapters.models.slim.client import SlimAdapter
from fleettui.core.errors import ModelFailed

NICE: Final = 10
# Unused clients of providers are closed when nothing was asked for this long.
IDLE_SECONDS: Final = 30.0
END_SECONDS: Final = 3.0


class Worker:
    """The open calls of one host."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._idle = idle
        self._adapters: Mapping[Adapter, CallAdapter] = {
            "slim": SlimAdapter(),
            "litellm": LitellmAdapter(),
        }
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until the host is gone, then cancel what is open and close the clients."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._read(group)
                for call in self._calls.values():
                    call.cancel()
        finally:
            for adapter in self._adapters.values():
                await adapter.close()

    async def _read(self, group: asyncio.TaskGroup) -> None:
        waiting = asyncio.ensure_future(read_body(self._reader))
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=self._idle)
            if not done:
                await self._rest()
                continue
            body = waiting.result()
            if body is None:
                return
            self._take(group, body)
            waiting = asyncio.ensure_future(read_body(self._reader))

    def _take(self, group: asyncio.TaskGroup, body: bytes) -> None:
        match DOWN.decode(body):
            case Ask() as ask:
                call = group.create_task(self._serve(ask))
                self._calls[ask.id] = call
                call.add_done_callback(lambda _: self._calls.pop(ask.id, None))
            case Cancel(id=number):
                if number in self._calls:
                    self._calls[number].cancel()

    async def _rest(self) -> None:
        if not self._calls:
            for adapter in self._adapters.values():
                await adapter.rest()

    async def _serve(self, ask: Ask) -> None:
        """Make one call and send what came of it."""
        secrets = ask.route.secrets()

        async def emit(text: str) -> None:
            await self._emit(Delta(ask.id, text))

        try:
            async with Pace(emit, silent=not ask.deltas) as pace:
                reply = await self._adapters[ask.route.adapter].answer(ask, pace.add)
            await self._emit(FinalFrame(ask.id, reply))
        except ModelFailed as failure:
            await self._emit(_failed(ask.id, failure, secrets))
        except FrameTooLarge as error:
            await self._emit(Failed(ask.id, str(error)))
        except Exception as error:  # noqa: BLE001 - one call's fault may not end the others
            trace = redact(traceback.format_exc(), secrets)
            print(trace, file=sys.stderr, flush=True)  # noqa: T201 - stderr is the log
            said = redact(f"{type(error).__name__}: {error}", secrets)
            await self._emit(Failed(ask.id, f"the model worker failed: {said}", retryable=True))

    async def _emit(self, frame: Up) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(pack(frame))
            await self._writer.drain()


def _failed(number: int, failure: ModelFailed, secrets: tuple[str, ...]) -> Failed:
    return Failed(
        number,
        redact(failure.message, secrets),
        redact(failure.mend, secrets),
        failure.retryable,
        failure.retry_after,
        failure.status,
    )


async def serve(descriptor: int, idle: float = IDLE_SECONDS) -> None:
    """Serve the host at the other end of the socket `descriptor`."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    try:
        await Worker(reader, writer, idle).run()
    except* (FrameTooLarge, msgspec.MsgspecError) as broken:
        print(f"the host sent no frame: {broken.exceptions}", file=sys.stderr)  # noqa: T201 - stderr is the log
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), END_SECONDS)


def main() -> None:
    """Serve, then end at once: no library's thread may keep a worker without a host alive."""
    os.nice(NICE)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    idle = float(sys.argv[2]) if len(sys.argv) > 2 else IDLE_SECONDS
    asyncio.run(serve(int(sys.argv[1]), idle))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
