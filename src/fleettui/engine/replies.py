"""Replies: what came of a request is said where it came from, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextvars import Context

from fleettui.core.channel import Reply
from fleettui.core.commands.requests import RecordReply
from fleettui.core.errors import ChannelFailed, FleettuiError, NotBuilt, Stale, StoreFailed
from fleettui.core.request import REPLY_BACKOFF
from fleettui.core.state.requests import RequestState
from fleettui.engine.engine import Engine
from fleettui.engine.watching import isolated
from fleettui.ports import Channel

_log = logging.getLogger(__name__)
_AGAIN = 2.0


class Replies:
    """Sends what is owed; what a platform took is stored, and not sent again."""

    def __init__(
        self, engine: Engine, channels: Mapping[str, Channel], group: asyncio.TaskGroup
    ) -> None:
        self._engine, self._channels, self._group = engine, channels, group
        self._going: dict[tuple[str, str], asyncio.Task[None]] = {}

    def tasks(self) -> Iterator[asyncio.Task[None]]:
        """Give what goes on, to be ended with the host."""
        return iter(tuple(self._going.values()))

    def owe(self, tenant: str, request: str) -> None:
        """See that a request is answered, if somebody waits for it."""
        key = (tenant, request)
        found = self._engine.tenant(tenant).requests.all.get(request)
        if found is None or found.reply != "owed" or key in self._going:
            return
        task = self._group.create_task(isolated(self._send, tenant, found), context=Context())
        self._going[key] = task
        task.add_done_callback(lambda _: self._going.pop(key, None))

    async def _send(self, tenant: str, request: RequestState) -> None:
        while request.reply == "owed":
            wait = max(request.reply_at - self._engine.clock.now(), 0.0)
            if wait:
                await asyncio.sleep(wait)
            # An operator may have let it run again meanwhile.
            elif not await self._record(await self._try(tenant, request)):
                return

    async def _record(self, record: RecordReply) -> bool:
        """Note what became of a reply: before that is on the disk nothing else is done."""
        while True:
            try:
                await self._engine.send(record)
            except StoreFailed:
                await asyncio.sleep(_AGAIN)
            except Stale as stale:
                _log.info("%s/%s: %s", record.tenant, record.request, stale)
                return False
            else:
                return True

    async def _try(self, tenant: str, request: RequestState) -> RecordReply:
        channel = self._channels.get(request.platform)
        key = request.id if request.tries == 1 else f"{request.id}.{request.tries}"
        try:
            if channel is None:
                raise NotBuilt(f"there is no channel {request.platform}")
            text = await self._text(tenant, request)
            message = await channel.reply(request.address, Reply(key, text, request.status))
        except (FleettuiError, OSError) as error:
            final = isinstance(error, NotBuilt) or (
                isinstance(error, ChannelFailed) and not error.retryable
            )
            _log.warning("the reply of %s/%s was not taken: %s", tenant, request.id, error)
            wait = REPLY_BACKOFF[request.reply_tries : request.reply_tries + 1]
            retry_at = 0.0 if final or not wait else self._engine.clock.now() + wait[0]
            return RecordReply(tenant, request.id, why=str(error) or "it failed", retry_at=retry_at)
        return RecordReply(tenant, request.id, message)

    async def _text(self, tenant: str, request: RequestState) -> str:
        """Say what came of a request: its answer, or a sentence that says why there is none."""
        match request.status:
            case "finished":
                return await self._engine.text(tenant, request.output) or "Done."
            case "dropped":
                return f"Nothing was done: {request.why}."
            case _:
                return f"This could not be done ({request.error_type}): {request.why}."
