"""The recorder: a model that hands every call on and keeps what was said in a file."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from fleettui.adapters.models.exchange import (
    VERSION,
    Exchange,
    Failure,
    Heading,
    digest_of,
    ordinal_of,
    redacted,
    secrets_of,
    shown_messages,
)
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ModelReply, ModelRequest
from fleettui.ports import Model

MODE = 0o600


class Recorder:
    """Adds a line to `file` for each exchange with `inner`: JSON, redacted, mode 0600."""

    def __init__(self, inner: Model, file: Path) -> None:
        self._inner = inner
        self._file = file

    async def complete(
        self,
        request: ModelRequest,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelReply:
        """Answer as `inner` does; raises ModelFailed also when the file can't be written."""
        await asyncio.to_thread(append_line, self._file, b"")
        try:
            reply = await self._inner.complete(request, on_text)
        except ModelFailed as error:
            failure = Failure(
                error.message,
                error.mend,
                error.retryable,
                error.retry_after,
                error.status,
            )
            await asyncio.to_thread(self._keep, request, None, failure)
            raise
        except asyncio.CancelledError:
            # Nothing may be waited for here any more.
            self._keep(request, None, None)
            raise
        await asyncio.to_thread(self._keep, request, reply, None)
        return reply

    def _keep(
        self,
        request: ModelRequest,
        reply: ModelReply | None,
        failure: Failure | None,
    ) -> None:
        messages = shown_messages(request)
        exchange = Exchange(
            request.agent, ordinal_of(request), digest_of(messages), request.model, messages,
            reply, failure, request.id, cut=reply is None and failure is None,
        )  # fmt: skip
        append_line(self._file, redacted(exchange, secrets_of(request)))


def append_line(path: Path, line: bytes) -> None:
    """Write a line, behind the heading; refuses a file that is no recording."""
    try:
        descriptor = os.open(
            path,
            os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC,
            MODE,
        )
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.fchmod(file.fileno(), MODE)
            if not os.fstat(file.fileno()).st_size:
                file.write(msgspec.json.encode(Heading(VERSION)) + b"\n")
            else:
                check_heading(file.readline(1024), path)
            file.write(line)
    except OSError as error:
        raise ModelFailed(
            f"the recording {path} can't be written: {error.strerror}",
            "choose another file with --record",
        ) from error


def check_heading(line: bytes, file: Path) -> None:
    """Refuse a file that no recorder wrote."""
    try:
        heading = msgspec.json.decode(line, type=Heading)
    except msgspec.MsgspecError:
        raise ModelFailed(f"{file} is not a recording", "choose another file") from None
    if heading.fleettui_recording > VERSION:
        raise ModelFailed(
            f"the recording {file} was written by a newer fleettui",
            "update fleettui",
        )
