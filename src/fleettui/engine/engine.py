"""The engine: a command is decided, its events are stored, then published."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from msgspec.structs import replace

from fleettui.client import Streamed
from fleettui.core.commands import Command
from fleettui.core.commands.tenants import TenantCommand
from fleettui.core.errors import FleettuiError, NotFound, StoreFailed
from fleettui.core.events import Recorded
from fleettui.core.model import SYSTEM, Actor, Asked, Payload
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.standing import TenantStanding
from fleettui.core.state.tenant import TenantState
from fleettui.core.subjects import TROUBLE, stream_subject
from fleettui.core.tenancy import no_fleet, tenant_of, tenant_stream
from fleettui.engine.redaction import Redaction
from fleettui.engine.redactions import Redactions
from fleettui.engine.stream import (
    Decided,
    FleetStream,
    Stream,
    TenantStream,
    decode,
    encode,
    stream_of,
)
from fleettui.ports import Blobs, Bus, Clock, Row, Snapshots, Store

# Texts above this size live once in the blob table.
LARGEST_INLINE = 8 * 1024
MOST_ROWS_A_COMMIT = 1000

_log = logging.getLogger(__name__)


class Engine:
    """All streams of one store, one writer each; many commands share one commit."""

    def __init__(
        self, store: Store, snapshots: Snapshots, blobs: Blobs, bus: Bus, clock: Clock,
        redactions: Redactions | None = None,
    ) -> None:  # fmt: skip
        self.redactions = redactions or Redactions()
        self.store, self.snapshots, self.blobs = store, snapshots, blobs
        self.bus, self.clock = bus, clock
        self._streams: dict[str, Stream] = {}
        self._standings: dict[str, TenantStanding] = {}
        self._pending: list[Decided] = []
        self._wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._committed = 0
        self._decided = 0
        self._closing = False
        self.trouble = ""
        self._audience: Counter[str] = Counter()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fold every stream, write while the context is open, and finish writing at its end."""
        for tenant, name in await self.store.streams():
            stream = self._add(name, tenant)
            await stream.fold(self.store, self.snapshots)
        writer = asyncio.create_task(self._write(), name="writer")
        try:
            yield
        finally:
            self._closing = True
            self._wake.set()
            await writer

    # --- commands ------------------------------------------------------------------------------

    def send(self, command: Command | TenantCommand, actor: Actor = SYSTEM) -> asyncio.Future[str]:
        """Decide now; the future gives the answer once the events are on the disk.

        Raises nothing itself: refusals and store failures are the future's exception.
        """
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        name = (
            tenant_stream(command.tenant) if isinstance(command, TenantCommand) else command.fleet
        )
        stream = self._streams.get(name)
        if stream is None:
            tenant = command.tenant if isinstance(command, TenantCommand) else tenant_of(name)
            stream = self._add(name, tenant)
        redaction = self._redaction(stream)
        if redaction is not None:
            command = redaction.command(command)
        try:
            decided = self._decide(stream, command, actor, future)
        except FleettuiError as refusal:
            future.set_exception(refusal)
        except Exception as defect:  # noqa: BLE001 a defect of a rule is its sender's to hear
            _log.exception("a rule failed on %s", type(command).__name__)
            future.set_exception(
                FleettuiError(f"{type(command).__name__} failed inside: {defect}", "see the log")
            )
        else:
            if decided.events:
                self._pending.append(decided)
                self._decided += 1
                self._wake.set()
            else:
                future.set_result(decided.answer)
        if not stream.state.id:
            self._forget(name)
        elif stream.broken:
            self._wake.set()
        return future

    def _decide(
        self,
        stream: Stream,
        command: Command | TenantCommand,
        actor: Actor,
        future: asyncio.Future[str],
    ) -> Decided:
        if self._closing:
            raise FleettuiError("the host is stopping", "try again when it is back")
        if stream.broken:
            raise StoreFailed(f"{stream.name} is being read again from the disk", "try again")
        return stream.decide(command, Asked(actor, self.clock.now(), stream.standing), future)

    def _add(self, name: str, tenant: str) -> Stream:
        standing = self._standings.setdefault(tenant, TenantStanding())
        stream = self._streams[name] = stream_of(name, tenant, standing)
        return stream

    def _forget(self, name: str) -> None:
        stream = self._streams.pop(name, None)
        if stream is not None:
            stream.standing.fleets.pop(name, None)

    @contextmanager
    def audience(self, fleet: str) -> Iterator[None]:
        """Note that somebody watches what models of a fleet (empty: of all) say right now."""
        self._audience[fleet] += 1
        try:
            yield
        finally:
            self._audience[fleet] -= 1

    def is_watched(self, fleet: str) -> bool:
        """Say whether somebody watches; only then is streaming worth its cost."""
        return self._audience[fleet] > 0 or self._audience[""] > 0

    async def payload(self, tenant: str, text: str) -> Payload:
        """Make a payload of a tenant's text, without secrets; large ones are stored as a blob."""
        redaction = self.redactions.of_tenant(tenant)
        if redaction is not None:
            text = redaction.text(text)
        body = text.encode("utf-8", "surrogatepass")
        if len(body) <= LARGEST_INLINE:
            return Payload(text, len(body))
        digest = await self.blobs.put_blob(tenant, body)
        return Payload(text[:1024], len(body), digest)

    async def text(self, tenant: str, payload: Payload) -> str:
        """Give the whole text of a tenant's payload."""
        if not payload.blob:
            return payload.head
        return (await self.blobs.get_blob(tenant, payload.blob)).decode("utf-8", "surrogatepass")

    # --- reads ---------------------------------------------------------------------------------

    def fleets(self) -> Sequence[FleetState]:
        """Give the state of every fleet, in order of their opening."""
        return [one.state for one in self._streams.values() if isinstance(one, FleetStream)]

    def tenants(self) -> Sequence[TenantState]:
        """Give the state of every tenant, in order of their coming."""
        return [one.state for one in self._streams.values() if isinstance(one, TenantStream)]

    def tenant(self, name: str) -> TenantState:
        """Give a tenant's state; raises NotFound."""
        found = self.find_tenant(name)
        if found is None:
            raise NotFound(f"no tenant is named '{name}'", "fleettui tenant ls names them")
        return found

    def find_tenant(self, name: str) -> TenantState | None:
        """Give a tenant's state; None for one that is not there."""
        stream = self._streams.get(tenant_stream(name))
        return stream.state if isinstance(stream, TenantStream) else None

    def standing(self, tenant: str) -> TenantStanding:
        """Give how far a tenant is with what it may use."""
        return self._standings.get(tenant) or TenantStanding()

    def state(self, fleet: str) -> FleetState:
        """Give a fleet's state; raises NotFound."""
        stream = self._streams.get(fleet)
        if not isinstance(stream, FleetStream):
            raise no_fleet(fleet)
        return stream.state

    async def wait_committed(self) -> None:
        """Wait until everything decided so far is on the disk, or was refused by it."""
        wanted = self._decided
        async with self._settled:
            await self._settled.wait_for(lambda: self._committed >= wanted)

    async def events(self, fleet: str, after: int, most: int) -> list[Recorded]:
        """Read stored events of a fleet."""
        found: list[Recorded] = []
        async for row in self.store.read(self.state(fleet).tenant, fleet, after):
            found.append(decode(row))
            if len(found) >= most:
                break
        return found

    # --- the writer ----------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._mend()
            while self._pending:
                await self._commit(self._take())
            await self._keep()
            if self._closing and not self._pending:
                return

    def _take(self) -> list[Decided]:
        count = rows = 0
        for decided in self._pending:
            rows += len(decided.events)
            count += 1
            if rows >= MOST_ROWS_A_COMMIT:
                break
        batch, self._pending = self._pending[:count], self._pending[count:]
        return batch

    async def _commit(self, batch: list[Decided]) -> None:
        for decided in batch:
            self._guard(decided)
        rows: list[Row] = [
            encode(event, decided.tenant) for decided in batch for event in decided.events
        ]
        try:
            await self.store.append(rows)
        except Exception as error:  # noqa: BLE001 whatever the disk says, everybody must hear it
            failure = error if isinstance(error, StoreFailed) else StoreFailed(f"store: {error}")
            await self._fail(batch, failure)
            return
        self.trouble = ""
        for decided in batch:
            if not decided.future.done():
                decided.future.set_result(decided.answer)
        self._publish(batch)
        await self._count(len(batch))

    def _redaction(self, stream: Stream) -> Redaction | None:
        if isinstance(stream, FleetStream):
            return self.redactions.of_fleet(stream.name, stream.state.spec)
        return self.redactions.of_tenant(stream.tenant)

    def _guard(self, decided: Decided) -> None:
        """Let no event onto the disk with a known secret in it, whatever let it come so far."""
        redaction = self.redactions.of_tenant(decided.tenant)
        if redaction is not None:
            decided.events = [
                one if (event := redaction.command(one.event)) is one.event
                else replace(one, event=event)
                for one in decided.events
            ]  # fmt: skip

    def _publish(self, batch: Sequence[Decided]) -> None:
        by_subject: dict[str, list[Recorded]] = {}
        for decided in batch:
            by_subject.setdefault(decided.subject, []).extend(decided.events)
        for subject, some in by_subject.items():
            self.bus.publish(subject, some)

    def tell(self, streamed: Streamed) -> None:
        """Let whoever watches see what is never stored."""
        tenant = self.state(streamed.fleet).tenant
        self.bus.publish(stream_subject(tenant, streamed.fleet), [streamed])

    async def _fail(self, batch: list[Decided], failure: StoreFailed) -> None:
        """Refuse a batch and all that was decided on top of it; memory goes back to the disk."""
        _log.error("commit failed: %s", failure)
        self.trouble = failure.message
        lost = [*batch, *self._pending]
        self._pending = []
        for name in {event.stream for decided in lost for event in decided.events}:
            self._streams[name].broken = True
        for decided in lost:
            if not decided.future.done():
                decided.future.set_exception(failure)
        await self._mend()
        self.bus.publish(TROUBLE, [failure.message])
        await self._count(len(lost))

    async def _keep(self) -> None:
        """Take the snapshots that are due, while nothing waits to be written."""
        for stream in list(self._streams.values()):
            if self._pending or stream.broken:
                return
            try:
                await stream.keep(self.snapshots)
            except StoreFailed:
                _log.exception("no snapshot of %s", stream.name)
                return

    async def _mend(self) -> None:
        for name, stream in list(self._streams.items()):
            if not stream.broken:
                continue
            try:
                await stream.fold(self.store, self.snapshots)
            except StoreFailed:
                _log.exception("could not read %s again", name)
                asyncio.get_running_loop().call_later(1.0, self._wake.set)
                continue
            if not stream.state.id:
                self._forget(name)

    async def _count(self, commands: int) -> None:
        self._committed += commands
        async with self._settled:
            self._settled.notify_all()
