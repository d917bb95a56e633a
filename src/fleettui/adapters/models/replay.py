"""The replay: a model that answers from a recording, without any provider."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from fleettui.adapters.models.exchange import Exchange, digest_of, ordinal_of, shown_messages
from fleettui.adapters.models.record import check_heading
from fleettui.core.errors import ModelFailed
from fleettui.core.model import ChatMessage, ModelReply, ModelRequest

_SHOWN = 60
_MEND = "record the run again, or replay it on the files and the task it was recorded with"


class Replay:
    """Answers a request as it was answered when `file` was recorded.

    A request is known by its agent, its place in the conversation and the digest of its messages.
    Where several were the same (replicas, a failure and its second attempt), the one with the same
    id is given, else they are in the order of the file, the last one for ever. One that was
    cancelled then waits to be cancelled now.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._exchanges: dict[tuple[str, int], list[Exchange]] = {}
        self._stamp: tuple[int, ...] = ()
        self._given: Counter[tuple[str, int, str, str]] = Counter()
        self._reading = asyncio.Lock()

    async def complete(
        self,
        request: ModelRequest,
        on_text: Callable[[str], None] | None = None,
    ) -> ModelReply:
        """Answer from the recording; raises ModelFailed, the recorded one or for a difference."""
        exchange = self._choose(await self._all(), request)
        if exchange.cut:
            await asyncio.Event().wait()
        if exchange.failure is not None:
            failure = exchange.failure
            raise ModelFailed(
                failure.message,
                failure.mend,
                retryable=failure.retryable,
                retry_after=failure.retry_after,
                status=failure.status,
            )
        reply = exchange.reply or ModelReply("")
        if request.stream and on_text is not None and reply.content:
            on_text(reply.content)
        return reply

    async def _all(self) -> dict[tuple[str, int], list[Exchange]]:
        """Give the recording, read again when the file was written since."""
        async with self._reading:
            stamp = await asyncio.to_thread(_stamp, self._file)
            if stamp != self._stamp or not stamp:
                self._exchanges = await asyncio.to_thread(read, self._file)
                self._stamp = stamp
                self._given.clear()
        return self._exchanges

    def _choose(
        self,
        exchanges: dict[tuple[str, int], list[Exchange]],
        request: ModelRequest,
    ) -> Exchange:
        messages = shown_messages(request)
        place = (request.agent, ordinal_of(request))
        recorded = exchanges.get(place, [])
        digest = digest_of(messages)
        same = [one for one in recorded if one.digest == digest]
        if not same:
            raise ModelFailed(
                f"the recording {self._file} has no answer for call {place[1] + 1} of "
                f"{request.agent!r}: {self._why(exchanges, recorded, messages, request.agent)}",
                _MEND,
            )
        answered = [one for one in same if not one.cut]
        mine = sorted((one for one in same if one.id == request.id), key=lambda one: one.cut)
        pool = mine or answered or same[:1]
        key = (*place, digest, request.id if mine else "")
        nth = self._given[key]
        self._given[key] += 1
        return pool[min(nth, len(pool) - 1)]

    def _why(
        self,
        exchanges: dict[tuple[str, int], list[Exchange]],
        recorded: list[Exchange],
        messages: tuple[ChatMessage, ...],
        agent: str,
    ) -> str:
        if recorded:
            return min((difference(one.messages, messages) for one in recorded), key=len)
        calls = sum(len(some) for (name, _), some in exchanges.items() if name == agent)
        if calls:
            return f"it holds only {calls} of that agent"
        names = ", ".join(sorted({name for name, _ in exchanges})) or "nobody"
        return f"it holds calls of {names}"


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def read(file: Path) -> dict[tuple[str, int], list[Exchange]]:
    """Read a recording; a last line that was cut off by a crash is left out."""
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise ModelFailed(
            f"the recording {file} can't be read: {error.strerror}",
            "check --replay",
        ) from error
    check_heading(lines[0], file)
    found: dict[tuple[str, int], list[Exchange]] = defaultdict(list)
    for number, line in enumerate(lines[1:-1], 2):
        if line.startswith(b'{"order":'):
            continue
        try:
            exchange = msgspec.json.decode(line, type=Exchange)
        except msgspec.MsgspecError as error:
            raise ModelFailed(f"line {number} of the recording {file} is broken: {error}") from None
        found[exchange.agent, exchange.ordinal].append(exchange)
    return dict(found)


def difference(recorded: tuple[ChatMessage, ...], now: tuple[ChatMessage, ...]) -> str:
    """Say where two conversations part."""
    for number, (old, new) in enumerate(zip(recorded, now, strict=False), 1):
        if old.role != new.role:
            return f"message {number} was of the {old.role} and is of the {new.role} now"
        if old.tool_calls != new.tool_calls or old.tool_call_id != new.tool_call_id:
            return f"message {number} ({new.role}) makes or answers other tool calls"
        if old.content != new.content:
            before, after = _parting(old.content, new.content)
            return f"message {number} ({new.role}) was {before!r} and is {after!r} now"
    return f"it had {len(recorded)} messages and has {len(now)} now"


def _parting(old: str, new: str) -> tuple[str, str]:
    shortest = min(len(old), len(new))
    place = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    start = max(place - _SHOWN // 3, 0)
    return old[start : start + _SHOWN], new[start : start + _SHOWN]
