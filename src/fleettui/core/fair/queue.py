"""FairQueue: tickets in, the one whose turn it is out; operators hold, move and drop them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from fleettui.core.fair.lines import AGEING, BASE, MOST_AGE, NEAR, Line, Place, Tenant
from fleettui.core.fair.rounds import Rounds
from fleettui.core.fair.tickets import Dropped, Taken, Terms, Ticket, Waits
from fleettui.core.model import Priority


class FairQueue:
    """Tickets of many tenants; changed in place. Whoever takes one says when it is `done`."""

    def __init__(self, terms_of: Callable[[str], Terms]) -> None:
        self._terms_of = terms_of
        self._tenants: dict[str, Tenant] = {}
        self._places: dict[str, Place] = {}
        self._running: dict[str, Ticket] = {}
        self._rounds = Rounds()
        self._newest = self._oldest = self._count = 0
        self._ageing: list[tuple[float, int, Line]] = []
        self._deadlines: list[tuple[float, int, Place]] = []

    def __len__(self) -> int:
        """Count the tickets that wait, also those that are held."""
        return len(self._places)

    def __contains__(self, ticket: object) -> bool:
        return ticket in self._places

    def is_running(self, ticket: object) -> bool:
        """Say whether a ticket was taken and is not done."""
        return ticket in self._running

    @property
    def running(self) -> int:
        """Count the tickets that were taken and are not done."""
        return len(self._running)

    def running_of(self, tenant: str) -> int:
        """Count those of one tenant."""
        found = self._tenants.get(tenant)
        return found.running if found is not None else 0

    # --- tickets -------------------------------------------------------------------------------

    def push(self, ticket: Ticket, *, first: bool = False) -> None:
        """Let a ticket wait at the end of its line, or before all; one that is here moves."""
        if ticket.id in self._places:
            self.drop(ticket.id)
        if first:
            self._oldest -= 1
        else:
            self._newest += 1
        self._put(Place(self._oldest if first else self._newest, ticket), at_end=not first)

    def admit(self, ticket: Ticket) -> bool:
        """Take a ticket at once, if nobody waits whose turn it could be, and its tenant may."""
        if self._rounds or ticket.id in self._places:
            return False
        tenant = self._line(ticket).tenant
        if tenant.terms.is_stopped or tenant.full() or tenant.key_full(ticket.key):
            return False
        self._run(tenant, ticket)
        return True

    def late(self, now: float) -> Ticket | None:
        """Take out a ticket whose deadline is over; None if there is none."""
        place = self._look_at_deadlines(now)
        return None if place is None else self._out(place).ticket

    def take(self, now: float) -> Taken | None:
        """Give the ticket whose turn it is, one that is late before all; None if nothing may go."""
        late = self.late(now)
        if late is not None:
            return Taken(late, expired=True)
        self._age(now)
        while (line := self._rounds.next()) is not None:
            place = line.head()
            ticket, tenant = place.ticket, line.tenant
            if tenant.key_full(ticket.key):
                place.parked = True
                heapq.heappush(tenant.parked.setdefault(ticket.key, []), (place.number, ticket.id))
                self._leave(place)
                continue
            self._rounds.serve(line)
            line.since, line.age = now, 0
            self._list(line)
            self._out(place)
            self._run(tenant, ticket)
            return Taken(ticket)
        return None

    def _run(self, tenant: Tenant, ticket: Ticket) -> None:
        self._running[ticket.id] = ticket
        tenant.running += 1
        if ticket.key:
            tenant.keys[ticket.key] = tenant.keys.get(ticket.key, 0) + 1
        if tenant.full():
            self._settle(tenant)

    def is_wanted(self, tenant: str) -> bool:
        """Say whether another tenant has a ticket that may be taken."""
        mine = self._tenants.get(tenant)
        own = sum(line.ring is not None for line in mine.lines) if mine is not None else 0
        return self._rounds.count() > own

    def done(self, ticket: str) -> None:
        """Free the place of a ticket that was taken; an unknown one is no error."""
        found = self._running.pop(ticket, None)
        if found is None:
            return
        tenant = self._tenants[found.tenant]
        tenant.running -= 1
        if found.key:
            tenant.keys[found.key] -= 1
            if not tenant.keys[found.key]:
                del tenant.keys[found.key]
            self._unpark(tenant, found.key)
        self._settle(tenant)

    def drop(self, ticket: str) -> Dropped | None:
        """Take a waiting ticket out; what is given puts it back where it stood."""
        place = self._places.get(ticket)
        if place is None:
            return None
        self._out(place)
        return Dropped(place.ticket, place.number)

    def restore(self, dropped: Dropped) -> None:
        """Put back what was dropped, where it stood; twice is once."""
        if dropped.ticket.id not in self._places:
            self._put(Place(dropped.number, dropped.ticket))

    def move(self, ticket: str, priority: Priority | None = None, *, first: bool = False) -> None:
        """Put a waiting ticket at the end, or the beginning, of its line or another's."""
        place = self._places.get(ticket)
        if place is None:
            return
        held_by = place.held_by
        self.push(place.ticket._replace(priority=priority or place.ticket.priority), first=first)
        if held_by:
            self.hold(ticket, held_by)

    def hold(self, ticket: str, by: str) -> None:
        """Let one ticket wait until it is released; its place stays its own."""
        place = self._places.get(ticket)
        if place is not None and not place.held_by:
            if not place.parked:
                self._leave(place)
            place.parked = False
            place.held_by = by

    def release(self, ticket: str) -> None:
        """Let a held ticket wait for its turn again, where it stood."""
        place = self._places.get(ticket)
        if place is not None and place.held_by:
            self._put(Place(place.number, place.ticket))

    # --- tenants -------------------------------------------------------------------------------

    def refresh(self, tenant: str = "") -> None:
        """Ask for the terms of a tenant again, or of all."""
        known = self._tenants
        for one in [known[tenant]] if tenant in known else known.values() if not tenant else ():
            terms = self._terms_of(one.name)
            if terms == one.terms:
                continue
            for line in one.lines:
                self._rounds.leave(line)
            one.terms = terms
            for key in list(one.parked):
                self._unpark(one, key)
            self._settle(one)

    def why(self, ticket: str) -> Waits | None:
        """Say why a ticket waits; None for one that doesn't."""
        place = self._places.get(ticket)
        if place is None:
            return None
        tenant = self._tenants[place.ticket.tenant]
        terms, key = tenant.terms, place.ticket.key
        if place.held_by:
            return Waits("held", place.held_by)
        if terms.held_by:
            return Waits("tenant_held", terms.held_by)
        if terms.used_up:
            return Waits("used_up", terms.used_up)
        if tenant.full():
            return Waits("tenant_full", "", tenant.running, terms.most)
        if tenant.key_full(key):
            return Waits("key_full", key, tenant.keys[key], terms.most_of_key)
        return Waits("line")

    def priority(self, ticket: str) -> Priority | None:
        """Give the priority of a waiting ticket; None for one that doesn't wait."""
        place = self._places.get(ticket)
        return None if place is None else place.ticket.priority

    def effective(self, ticket: str) -> int:
        """Give the effective priority of a waiting ticket as it is now."""
        line = self._line(self._places[ticket].ticket)
        return line.effective + line.rise

    def waiting(self) -> Iterator[tuple[Ticket, int]]:
        """Give what may be served in its time, line by line, with its place from 1."""
        for tenant in self._tenants.values():
            for line in reversed(tenant.lines):
                for number, place in enumerate(line.places(), 1):
                    yield place.ticket, number

    # --- where things stand --------------------------------------------------------------------

    def _line(self, ticket: Ticket) -> Line:
        tenant = self._tenants.get(ticket.tenant)
        if tenant is None:
            terms = self._terms_of(ticket.tenant)
            tenant = self._tenants[ticket.tenant] = Tenant(ticket.tenant, terms)
        return tenant.lines[BASE[ticket.priority]]

    def _put(self, place: Place, *, at_end: bool = False) -> None:
        ticket = place.ticket
        self._places[ticket.id] = place
        line = self._line(ticket)
        if at_end:
            line.fresh.append(place)
        else:
            self._count += 1
            heapq.heappush(line.back, (place.number, self._count, place))
        line.size += 1
        if ticket.deadline is not None:
            self._count += 1
            heapq.heappush(self._deadlines, (ticket.deadline - NEAR, self._count, place))
        if line.size == 1:
            line.since = max(line.since, ticket.at)
            self._list(line)
            self._settle(line.tenant)

    def _out(self, place: Place) -> Place:
        """Forget a ticket that waits, wherever it does."""
        del self._places[place.ticket.id]
        if not (place.held_by or place.parked):
            self._leave(place)
        return place

    def _leave(self, place: Place) -> None:
        """Take a ticket out of its line."""
        place.gone = True
        line = self._line(place.ticket)
        line.size -= 1
        if place.near:
            line.near -= 1
        if not line.size:
            line.fresh.clear()
            line.back.clear()
            self._rounds.leave(line)
        elif line.ring is not None and place.near:
            self._rounds.place(line)
        line.tidy()

    def _unpark(self, tenant: Tenant, key: str) -> None:
        """Let the first of those wait in line again whose key has room now."""
        parked = tenant.parked.get(key, [])
        most = tenant.terms.most_of_key
        room = most - tenant.keys.get(key, 0) if most else len(parked)
        while parked and room > 0:
            number, name = heapq.heappop(parked)
            place = self._places.get(name)
            if place is not None and place.parked and place.number == number:
                self._put(Place(number, place.ticket))
                room -= 1
        if not parked:
            tenant.parked.pop(key, None)

    def _settle(self, tenant: Tenant) -> None:
        """Put a tenant's lines where they may be served, or nowhere."""
        may = not tenant.terms.is_stopped and not tenant.full()
        for line in tenant.lines:
            if not (may and line.size):
                self._rounds.leave(line)
            elif line.ring is None:
                self._rounds.enter(line)

    # --- time ----------------------------------------------------------------------------------

    def _list(self, line: Line) -> None:
        if not line.aging:
            line.aging = True
            self._count += 1
            heapq.heappush(self._ageing, (line.since + AGEING, self._count, line))

    def _age(self, now: float) -> None:
        """Let lines rise that wait for long."""
        while self._ageing and self._ageing[0][0] <= now:
            line = heapq.heappop(self._ageing)[2]
            line.aging = False
            if not line.size:
                continue
            age = min(int((now - line.since) / AGEING), MOST_AGE)
            if age > line.age:
                line.age = age
                if line.ring is not None:
                    self._rounds.place(line)
            if age < MOST_AGE:
                line.aging = True
                self._count += 1
                due = line.since + (age + 1) * AGEING
                heapq.heappush(self._ageing, (due, self._count, line))

    def _look_at_deadlines(self, now: float) -> Place | None:
        """Let lines rise for a deadline that is near; give a ticket whose time is up."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, place = heapq.heappop(self._deadlines)
            name, deadline = place.ticket.id, place.ticket.deadline
            if self._places.get(name) is not place or deadline is None:
                continue
            if deadline <= now:
                return place
            self._count += 1
            heapq.heappush(self._deadlines, (deadline, self._count, place))
            if not (place.gone or place.near):
                place.near = True
                line = self._line(place.ticket)
                line.near += 1
                if line.ring is not None:
                    self._rounds.place(line)
        return None
