"""Streams: their folded state, and the queue of decided events on their way to the disk."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec

from fleettui.core.commands import Command
from fleettui.core.commands.tenants import TenantCommand
from fleettui.core.decide.handle import handle
from fleettui.core.decide.handle_tenant import handle_tenant
from fleettui.core.errors import Refused
from fleettui.core.events import AnyEvent, Recorded
from fleettui.core.model import Asked
from fleettui.core.state.evolve import evolve
from fleettui.core.state.evolve_tenant import evolve_tenant
from fleettui.core.state.fleet import FleetState
from fleettui.core.state.snapshot import restore, save
from fleettui.core.state.standing import TenantStanding
from fleettui.core.state.tenant import TenantState
from fleettui.core.state.tenant_snapshot import restore_tenant, save_tenant
from fleettui.core.subjects import events_subject
from fleettui.core.tenancy import is_tenant_stream
from fleettui.ports import Row, Snapshots, Store

# A snapshot is taken when there are so many new events, and so many times more than is open.
FEWEST_NEW, TIMES_OPEN = 2_000, 4

ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(AnyEvent)


class Decided:
    """Events of one command, waiting to be stored: whose they are, and who waits for that."""

    __slots__ = ("answer", "events", "first", "future", "subject", "tenant")

    def __init__(
        self,
        tenant: str,
        subject: str,
        first: int,
        events: Sequence[Recorded],
        answer: str,
        future: asyncio.Future[str],
    ) -> None:
        self.tenant, self.subject = tenant, subject
        self.first = first
        self.events = events
        self.answer = answer
        self.future = future


class Stream(ABC):
    """A folded state in memory, ahead of the disk by what is not committed yet."""

    state: FleetState | TenantState

    def __init__(self, name: str, tenant: str, standing: TenantStanding) -> None:
        self.name, self.tenant, self.standing = name, tenant, standing
        self.subject = events_subject(tenant, name)
        self.broken = False

    @abstractmethod
    def _handle(self, command: Any, asked: Asked) -> tuple[Sequence[AnyEvent], str]:
        """Decide and change the state in place."""

    @abstractmethod
    async def fold(self, store: Store, snapshots: Snapshots) -> None:
        """Read the stream again, from its newest snapshot, in place of what is in memory."""

    @abstractmethod
    async def keep(self, snapshots: Snapshots) -> None:
        """Keep a snapshot where that pays; only when all that is in memory is on the disk too."""

    def decide(
        self, command: Command | TenantCommand, asked: Asked, future: asyncio.Future[str]
    ) -> Decided:
        """Decide on the present state and change it at once; raises what the rules raise."""
        first = self.state.seq + 1
        try:
            events, answer = self._handle(command, asked)
        except Refused:
            raise
        except Exception:
            # A rule failed half-way: what is in memory can't be trusted any more.
            self.broken = self.state.seq + 1 != first
            raise
        actor = str(asked.actor)
        recorded = [
            Recorded(self.name, first + place, asked.at, actor, event)
            for place, event in enumerate(events)
        ]
        return Decided(self.tenant, self.subject, first, recorded, answer, future)


class FleetStream(Stream):
    """The stream of one fleet."""

    def __init__(self, name: str, tenant: str, standing: TenantStanding) -> None:
        super().__init__(name, tenant, standing)
        self.state: FleetState = FleetState()
        standing.fleets[name] = self.state
        self._kept_at = 0

    def _handle(self, command: Any, asked: Asked) -> tuple[Sequence[AnyEvent], str]:
        return handle(self.state, command, asked)

    async def fold(self, store: Store, snapshots: Snapshots) -> None:
        """Read the stream again, from its newest snapshot, in place of what is in memory."""
        kept = await snapshots.load_snapshot(self.tenant, self.name)
        state = (restore(kept[1]) if kept is not None else None) or FleetState()
        self._kept_at = state.seq
        async for row in store.read(self.tenant, self.name, state.seq):
            evolve(state, decode(row).event, row.at)
        self.state, self.broken = state, False
        self.standing.fleets[self.name] = state

    async def keep(self, snapshots: Snapshots) -> None:
        """Keep a snapshot where that pays; only when all that is in memory is on the disk too."""
        state = self.state
        open_things = len(state.messages) + len(state.open_actions)
        if state.seq - self._kept_at < max(FEWEST_NEW, TIMES_OPEN * open_things):
            return
        seq, body = state.seq, save(state)
        await snapshots.save_snapshot(self.tenant, self.name, seq, body)
        self._kept_at = seq


class TenantStream(Stream):
    """The stream of one tenant."""

    def __init__(self, name: str, tenant: str, standing: TenantStanding) -> None:
        super().__init__(name, tenant, standing)
        self.state: TenantState = TenantState()
        self._kept_at = 0
        standing.tenant = self.state

    def _handle(self, command: Any, asked: Asked) -> tuple[Sequence[AnyEvent], str]:
        return handle_tenant(self.state, command, asked)

    async def fold(self, store: Store, snapshots: Snapshots) -> None:
        """Read the stream again, from its newest snapshot, in place of what is in memory."""
        kept = await snapshots.load_snapshot(self.tenant, self.name)
        state = (restore_tenant(kept[1]) if kept is not None else None) or TenantState()
        self._kept_at = state.seq
        async for row in store.read(self.tenant, self.name, state.seq):
            evolve_tenant(state, decode(row).event, row.at)
        self.state, self.broken = state, False
        self.standing.tenant = state

    async def keep(self, snapshots: Snapshots) -> None:
        """Keep a snapshot where that pays; only when all that is in memory is on the disk too."""
        state = self.state
        if state.seq - self._kept_at < max(FEWEST_NEW, TIMES_OPEN * len(state.requests.all)):
            return
        seq = state.seq
        await snapshots.save_snapshot(self.tenant, self.name, seq, save_tenant(state))
        self._kept_at = seq


def stream_of(name: str, tenant: str, standing: TenantStanding) -> Stream:
    """Make a stream of the right kind, empty; it counts in its tenant's standing."""
    kind = TenantStream if is_tenant_stream(name) else FleetStream
    return kind(name, tenant, standing)


def encode(recorded: Recorded, tenant: str) -> Row:
    """Make a stored row of a recorded event of a tenant."""
    body = ENCODER.encode(recorded.event)
    return Row(tenant, recorded.stream, recorded.seq, recorded.at, recorded.actor, body)


def decode(row: Row) -> Recorded:
    """Make a recorded event of a stored row."""
    event: AnyEvent = DECODER.decode(row.body)
    return Recorded(row.stream, row.seq, row.at, row.actor, event)
