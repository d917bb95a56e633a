"""Dispatch: which turns begin, within what the host and each tenant may have at once, and holds.

Nothing here is stored: after a crash `catch_up` asks for every open turn again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from fleettui.core.commands import RenewBallot
from fleettui.core.errors import FleettuiError
from fleettui.core.fair import FairQueue, Taken, Terms, Ticket
from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.views.agents import Waiting
from fleettui.core.views.rows import WaitRow
from fleettui.engine.engine import Engine

# How many turns go on at once on this host.
MOST_TURNS: Final = 50
# How often (seconds) what waits is looked at: deadlines, and the time of its ballots.
_LOOK: Final = 1.0

TermsOf = Callable[[str], Terms]
# What is done when a ticket is taken; one that is expired has no slot.
Begin = Callable[[Taken], None]


class Dispatch:
    """Gives turns their slots, fairly; a turn that waits for others gives its own back."""

    def __init__(self, engine: Engine, terms_of: TermsOf, most: int = MOST_TURNS) -> None:
        self._engine, self._terms_of, self._most = engine, terms_of, most
        self._queue = FairQueue(terms_of)
        # What waits: since when, and what is done when its turn has come.
        self._begin: dict[str, tuple[float, Begin]] = {}
        # Is told how long (seconds) each ticket waited for its slot.
        self.on_wait: Callable[[Ticket, float], None] = lambda _ticket, _seconds: None
        self._listeners: list[Callable[[], None]] = []
        self._stopped: set[str] = set()
        self._released = asyncio.Event()
        self._wake = asyncio.Event()

    def __contains__(self, ticket: object) -> bool:
        """Say whether a ticket has a slot."""
        return self._queue.is_running(ticket)

    # --- turns ---------------------------------------------------------------------------------

    def ask(self, ticket: Ticket, begin: Begin, *, first: bool = False) -> None:
        """Call `begin` when a ticket's turn has come, now if it has; `first` is before others."""
        if self._queue.running < self._most and self._queue.admit(ticket):
            self.on_wait(ticket, 0.0)
            begin(Taken(ticket))
            return
        self._wait(ticket, begin, first=first)

    def _wait(self, ticket: Ticket, begin: Begin, *, first: bool) -> None:
        self._begin[ticket.id] = (self._engine.clock.now(), begin)
        self._queue.push(ticket, first=first)
        self._wake.set()
        self._pump()

    def end(self, ticket: str) -> None:
        """Free a ticket's slot, or its place in line."""
        self._begin.pop(ticket, None)
        self._queue.drop(ticket)
        self._queue.done(ticket)
        if self._begin:
            self._pump()

    def is_wanted(self, tenant: str) -> bool:
        """Say whether another tenant waits for a slot, and may have one."""
        return bool(self._begin) and self._queue.is_wanted(tenant)

    def exchange(self, ticket: Ticket, begin: Begin) -> None:
        """Take a slot back and let its ticket wait for the next one, first in its own line."""
        self._queue.done(ticket.id)
        self._wait(ticket, begin, first=True)

    def close(self) -> None:
        """Let nothing begin any more: the host ends."""
        self._most = 0

    def waits(self, ticket: str) -> bool:
        return ticket in self._begin

    def running_of(self, tenant: str) -> int:
        """Count the slots of a tenant."""
        return self._queue.running_of(tenant)

    def hasten(self, ticket: str, priority: Priority) -> None:
        """Let a ticket that waits count as more urgent, if that is more."""
        known = self._queue.priority(ticket)
        if known is not None and PRIORITIES.index(priority) < PRIORITIES.index(known):
            self._queue.move(ticket, priority)
            self._pump()

    def _pump(self) -> None:
        now = self._engine.clock.now()
        while self._queue.running < self._most:
            taken = self._queue.take(now)
            if taken is None:
                return
            self._take(taken, now)

    def _take(self, taken: Taken, now: float) -> None:
        since, begin = self._begin.pop(taken.ticket.id)
        self.on_wait(taken.ticket, now - since)
        begin(taken)

    # --- holds ---------------------------------------------------------------------------------

    def is_stopped(self, tenant: str) -> bool:
        """Say whether no turn and no call of a model may begin: it is held, or used what it may."""
        is_stopped = self._terms_of(tenant).is_stopped
        if is_stopped != (tenant in self._stopped):
            # Whoever asks must find the queue of the same mind: what changed is told later.
            self._stopped ^= {tenant}
            self._queue.refresh()
        return is_stopped

    def is_held(self, tenant: str) -> bool:
        """Say whether somebody holds a tenant: then its tools don't begin either."""
        return bool(self._terms_of(tenant).held_by)

    async def wait_released(self, tenant: str) -> None:
        """Wait while somebody holds a tenant."""
        while self.is_held(tenant):
            await self._released.wait()

    async def wait_may_begin(self, tenant: str) -> None:
        """Wait while nothing of a tenant may begin."""
        while self.is_stopped(tenant):
            await self._released.wait()

    def refresh(self) -> None:
        """Take over changed terms of tenants."""
        self._queue.refresh()
        self._released.set()
        self._released = asyncio.Event()
        for listener in self._listeners:
            listener()
        self._pump()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when terms changed."""
        self._listeners.append(listener)

    # --- what is seen --------------------------------------------------------------------------

    def lookout(self) -> Waiting:
        """Say why turns wait, as it is now."""
        if not self._begin:
            return lambda _: None
        places = {ticket.id: place for ticket, place in self._queue.waiting()}
        return lambda turn: self._why(turn, places.get(turn, 0))

    def _why(self, turn: str, place: int) -> WaitRow | None:
        why = self._queue.why(turn)
        if why is None:
            return None
        if why.kind == "line" and self._queue.running >= self._most:
            return WaitRow("host_full", "", self._queue.running, self._most, place)
        return WaitRow(why.kind, why.by, why.running, why.most, place)

    # --- time ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at what waits now and then, for ever: the time of a ballot does not run for it."""
        while True:
            self._wake.clear()
            if not self._begin:
                await self._wake.wait()
            await asyncio.sleep(_LOOK)
            self._pump()
            now = self._engine.clock.now()
            while (late := self._queue.late(now)) is not None:
                self._take(Taken(late, expired=True), now)
            for fleet, ballot in self._ballots():
                try:
                    await self._engine.send(RenewBallot(fleet, ballot))
                except FleettuiError:
                    continue

    def _ballots(self) -> set[tuple[str, str]]:
        """Name the ballots whose voters wait in line, and whose time is half over."""
        now, found = self._engine.clock.now(), set()
        for name in self._begin:
            state = self._engine.state(name.rpartition("/")[0])
            turn = state.turns.get(name)
            ballot = state.ballots.get(turn.ballot) if turn else None
            if ballot is None or ballot.verdict is not None:
                continue
            if ballot.ends_at - now < ballot.lasts / 2:
                found.add((state.id, ballot.id))
        return found


class TurnSlot:
    """The slot of one turn: given back while all that the turn does is to wait for others."""

    def __init__(self, dispatch: Dispatch, ticket: Ticket) -> None:
        self._dispatch, self._ticket = dispatch, ticket
        self._calls = self._away = 0
        self._has = True
        # Whether a model was asked with the slot it has: a slot is good for one call at least.
        self._used = False
        self._coming: asyncio.Future[None] | None = None

    @property
    def is_held(self) -> bool:
        return self._dispatch.is_held(self._ticket.tenant)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Note that the turn asks for something; several calls may go on at the same time."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._settle()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Give the slot back while the context is open, if no other call needs it."""
        self._away += 1
        self._settle()
        try:
            yield
        finally:
            self._away -= 1
        await self._back()

    async def share(self) -> None:
        """Let another tenant go first whose turn it is; what this turn did so far is kept.

        Turns may be long, and go on as long as mail comes: without this a flood keeps every slot.
        """
        wanted = self._used and self._dispatch.is_wanted(self._ticket.tenant)
        if wanted and self._has and self._calls == 1:
            self._has = False
            self._coming = asyncio.get_running_loop().create_future()
            self._dispatch.exchange(self._ticket, self._come)
        await self._back()
        self._used = True

    async def _back(self) -> None:
        while not self._has:
            coming = self._coming
            if coming is None:
                coming = self._coming = asyncio.get_running_loop().create_future()
                self._dispatch.ask(self._ticket, self._come, first=True)
            # Several calls may wait for it: one that is cancelled must not end it for the others.
            await asyncio.shield(coming)

    async def wait_may_begin(self) -> None:
        """Wait while nothing of the tenant may begin, in line like a turn that has not begun."""
        while self._dispatch.is_stopped(self._ticket.tenant):
            async with self.away():
                if self._has:
                    await self._dispatch.wait_may_begin(self._ticket.tenant)

    def _settle(self) -> None:
        if self._has and 0 < self._calls <= self._away and not _is_cancelled():
            self._has = False
            self._dispatch.end(self._ticket.id)

    def _come(self, _taken: Taken) -> None:
        self._has, self._used = True, False
        if self._coming is not None and not self._coming.done():
            self._coming.set_result(None)
        self._coming = None


def _is_cancelled() -> bool:
    """Say whether the task that asks is being ended: then its slot is its turn's to free."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
