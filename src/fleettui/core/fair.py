"""FairQueue: what waits of many tenants, and whose turn it is.

The effective priority of a line (a tenant's tickets of one priority) is its priority (critical 3
to low 0) + the boost of the tenant's plan (enterprise 2 to free 0) + its age. Service goes in
rounds: in each every line has credit for so many tickets, and the highest effective priority that
has credit left goes first. So a flood outranks a quiet tenant's new ticket for the credit of one
round at most, and nobody starves.

- Tenants of one priority share by the weights of their plans, and so do those of one effective
  priority (deficit round robin); a priority one higher gets twice as much of the same tenant.
- Age counts from when a line was last served or its head came, whichever is later, a step for
  every AGEING seconds, and is capped: what a flood gains by it is one ticket. It changes the order
  in a round, never the shares.
- A priority, all tenants together, is passed over at most so often (core.queue.PATIENCE): low
  keeps 5 % under any flood, however fast or slow service is.

Each operation takes O(log n); a new round looks at each line once, after each line was served.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.queue import PATIENCE

Plan = Literal["free", "standard", "enterprise"]
BOOST: Final[dict[Plan, int]] = {"free": 0, "standard": 1, "enterprise": 2}
WEIGHT: Final[dict[Plan, int]] = {"free": 1, "standard": 2, "enterprise": 4}

# A line rises by one for so many seconds of waiting, by two while a deadline in it is so near
# (seconds), and by so much at most.
AGEING: Final = 10.0
NEAR: Final = 5.0
MOST_RISE: Final = 3
_MOST_AGE: Final = 2

_BASE: Final[dict[Priority, int]] = {name: 3 - rank for rank, name in enumerate(PRIORITIES)}
_BASES: Final = range(len(PRIORITIES))
# How often each priority is passed over, the lowest first; critical is never served by patience.
_PATIENCE: Final = tuple((_BASE[name], PATIENCE[name]) for name in reversed(PRIORITIES[1:]))
_RINGS: Final = (3 + 2 + MOST_RISE + 1) * 4
# The rings of one priority, as bits.
_OF_BASE: Final = tuple(sum(1 << at for at in range(base, _RINGS, 4)) for base in _BASES)


class Ticket(NamedTuple):
    """Something that waits; `key` (a user) may be bound besides its tenant, times in seconds."""

    id: str
    tenant: str
    priority: Priority
    at: float
    deadline: float | None = None
    key: str = ""


class Terms(NamedTuple):
    """What a tenant may have: at most so many at once, and of one key; 0 is no bound.

    Nothing of it begins while somebody holds it, or while something is used up (which text says).
    """

    plan: Plan = "free"
    most: int = 0
    held_by: str = ""
    most_of_key: int = 0
    used_up: str = ""

    @property
    def is_stopped(self) -> bool:
        return bool(self.held_by or self.used_up)


class Taken(NamedTuple):
    """A ticket that is given out; an expired one is told of, and holds no place."""

    ticket: Ticket
    expired: bool = False


class Waits(NamedTuple):
    """Why a ticket waits: `by` holds it or says what is used up, `running` of at most `most` go on.

    Else its line.
    """

    kind: Literal["held", "tenant_held", "used_up", "tenant_full", "key_full", "line"]
    by: str = ""
    running: int = 0
    most: int = 0


class Dropped(NamedTuple):
    """A ticket that was taken out, and where it stood."""

    ticket: Ticket
    number: int


class _Place:
    """Where a ticket stands; one that was taken out of its line is `gone` there."""

    __slots__ = ("gone", "held_by", "near", "number", "parked", "ticket")

    def __init__(self, number: int, ticket: Ticket) -> None:
        self.number, self.ticket = number, ticket
        self.gone = self.near = self.parked = False
        self.held_by = ""


class _Line:
    """The tickets of one tenant and priority, in order of arrival."""

    __slots__ = (
        "age", "aging", "back", "base", "credit", "fresh", "level", "near", "ring", "round",
        "since", "size", "tenant", "turns", "weight",
    )  # fmt: skip

    def __init__(self, tenant: _Tenant, base: int) -> None:
        self.tenant, self.base = tenant, base
        self.fresh: deque[_Place] = deque()
        # What was put back, by number.
        self.back: list[tuple[int, int, _Place]] = []
        self.size = self.age = self.near = self.turns = self.level = self.weight = 0
        self.since = self.credit = 0.0
        self.round = -1
        self.aging = False
        # Where it stands: a ring of those with credit, -1 for those without, None for nowhere.
        self.ring: int | None = None

    def head(self) -> _Place:
        """Give the ticket that came first of those that wait."""
        fresh, back = self.fresh, self.back
        while fresh and fresh[0].gone:
            fresh.popleft()
        while back and back[0][2].gone:
            heapq.heappop(back)
        if back and (not fresh or back[0][0] < fresh[0].number):
            return back[0][2]
        return fresh[0]

    def places(self) -> Iterator[_Place]:
        """Give what waits, in order."""
        back = (place for _, _, place in sorted(self.back))
        merged = heapq.merge(self.fresh, back, key=lambda place: place.number)
        return (place for place in merged if not place.gone)


class _Tenant:
    __slots__ = ("keys", "lines", "name", "parked", "running", "terms")

    def __init__(self, name: str, terms: Terms) -> None:
        self.name, self.terms = name, terms
        self.running = 0
        self.keys: dict[str, int] = {}
        # Tickets whose key has as many as it may, by number.
        self.parked: dict[str, list[tuple[int, str]]] = {}
        self.lines = tuple(_Line(self, base) for base in _BASES)

    def full(self) -> bool:
        return 0 < self.terms.most <= self.running

    def key_full(self, key: str) -> bool:
        return bool(key) and 0 < self.terms.most_of_key <= self.keys.get(key, 0)


class FairQueue:
    """Tickets of many tenants; changed in place. Whoever takes one says when it is `done`."""

    def __init__(self, terms_of: Callable[[str], Terms]) -> None:
        self._terms_of = terms_of
        self._tenants: dict[str, _Tenant] = {}
        self._places: dict[str, _Place] = {}
        self._running: dict[str, Ticket] = {}
        self._ready: list[OrderedDict[_Line, None]] = [OrderedDict() for _ in range(_RINGS)]
        self._mask = 0
        self._spent: list[OrderedDict[_Line, None]] = [OrderedDict() for _ in _BASES]
        self._round, self._scale = 0, 1.0
        # Lines that may be served: of each level how many and their weights, of each priority.
        self._lines, self._weights = [0] * 6, [0] * 6
        self._eligible, self._passed = [0] * 4, [0] * 4
        self._newest = self._oldest = self._count = 0
        self._ageing: list[tuple[float, int, _Line]] = []
        self._deadlines: list[tuple[float, int, _Place]] = []

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

    # --- tickets -------------------------------------------------------------------------------

    def push(self, ticket: Ticket, *, first: bool = False) -> None:
        """Let a ticket wait at the end of its line, or before all; one that is here moves."""
        if ticket.id in self._places:
            self.drop(ticket.id)
        if first:
            self._oldest -= 1
        else:
            self._newest += 1
        self._put(_Place(self._oldest if first else self._newest, ticket), at_end=not first)

    def admit(self, ticket: Ticket) -> bool:
        """Take a ticket at once, if nobody waits whose turn it could be, and its tenant may."""
        if any(self._eligible) or ticket.id in self._places:
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
        while (line := self._next()) is not None:
            place = line.head()
            ticket, tenant = place.ticket, line.tenant
            if tenant.key_full(ticket.key):
                place.parked = True
                heapq.heappush(tenant.parked.setdefault(ticket.key, []), (place.number, ticket.id))
                self._leave(place)
                continue
            self._serve(line, now)
            self._out(place)
            self._run(tenant, ticket)
            return Taken(ticket)
        return None

    def _run(self, tenant: _Tenant, ticket: Ticket) -> None:
        self._running[ticket.id] = ticket
        tenant.running += 1
        if ticket.key:
            tenant.keys[ticket.key] = tenant.keys.get(ticket.key, 0) + 1
        if tenant.full():
            self._settle(tenant)

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
            self._put(_Place(dropped.number, dropped.ticket))

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
            self._put(_Place(place.number, place.ticket))

    # --- tenants -------------------------------------------------------------------------------

    def refresh(self, tenant: str = "") -> None:
        """Ask for the terms of a tenant again, or of all."""
        known = self._tenants
        for one in [known[tenant]] if tenant in known else known.values() if not tenant else ():
            terms = self._terms_of(one.name)
            if terms == one.terms:
                continue
            for line in one.lines:
                self._unring(line)
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
        return _level(line) + _rise(line)

    def waiting(self) -> Iterator[tuple[Ticket, int]]:
        """Give what may be served in its time, line by line, with its place from 1."""
        for tenant in self._tenants.values():
            for line in reversed(tenant.lines):
                for number, place in enumerate(line.places(), 1):
                    yield place.ticket, number

    # --- where things stand --------------------------------------------------------------------

    def _line(self, ticket: Ticket) -> _Line:
        tenant = self._tenants.get(ticket.tenant)
        if tenant is None:
            terms = self._terms_of(ticket.tenant)
            tenant = self._tenants[ticket.tenant] = _Tenant(ticket.tenant, terms)
        return tenant.lines[_BASE[ticket.priority]]

    def _put(self, place: _Place, *, at_end: bool = False) -> None:
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

    def _out(self, place: _Place) -> _Place:
        """Forget a ticket that waits, wherever it does."""
        del self._places[place.ticket.id]
        if not (place.held_by or place.parked):
            self._leave(place)
        return place

    def _leave(self, place: _Place) -> None:
        """Take a ticket out of its line."""
        place.gone = True
        line = self._line(place.ticket)
        line.size -= 1
        if place.near:
            line.near -= 1
        if not line.size:
            line.fresh.clear()
            line.back.clear()
            self._unring(line)
        elif line.ring is not None and place.near:
            self._ring(line)

    def _unpark(self, tenant: _Tenant, key: str) -> None:
        """Let the first of those wait in line again whose key has room now."""
        parked = tenant.parked.get(key, [])
        most = tenant.terms.most_of_key
        room = most - tenant.keys.get(key, 0) if most else len(parked)
        while parked and room > 0:
            number, name = heapq.heappop(parked)
            place = self._places.get(name)
            if place is not None and place.parked and place.number == number:
                self._put(_Place(number, place.ticket))
                room -= 1
        if not parked:
            tenant.parked.pop(key, None)

    # --- rounds --------------------------------------------------------------------------------

    def _settle(self, tenant: _Tenant) -> None:
        """Put a tenant's lines where they may be served, or nowhere."""
        may = not tenant.terms.is_stopped and not tenant.full()
        for line in tenant.lines:
            if not (may and line.size):
                self._unring(line)
            elif line.ring is None:
                self._join(line)

    def _join(self, line: _Line) -> None:
        line.level, line.weight = _level(line), WEIGHT[line.tenant.terms.plan]
        self._lines[line.level] += 1
        self._weights[line.level] += line.weight
        self._eligible[line.base] += 1
        if sum(self._eligible) == 1:
            self._scale = self._quantum(line)
        if line.round != self._round:
            line.credit = min(line.credit, 0.0) + max(self._quantum(line) / self._scale, 1.0)
            line.round = self._round
        # Whoever comes newly goes first in its ring: its credit bounds what that is worth.
        self._ring(line, first=True)

    def _ring(self, line: _Line, *, first: bool = False) -> None:
        """Put a line into the ring of its effective priority, or among those without credit."""
        self._take_off(line)
        if line.credit < 1.0:
            line.ring = -1
            self._spent[line.base][line] = None
            return
        line.ring = ring = (line.level + _rise(line)) * 4 + line.base
        self._ready[ring][line] = None
        if first:
            self._ready[ring].move_to_end(line, last=False)
        self._mask |= 1 << ring

    def _take_off(self, line: _Line) -> None:
        if line.ring == -1:
            del self._spent[line.base][line]
        elif line.ring is not None:
            ring = self._ready[line.ring]
            del ring[line]
            if not ring:
                self._mask &= ~(1 << line.ring)

    def _unring(self, line: _Line) -> None:
        if line.ring is None:
            return
        self._take_off(line)
        line.ring = None
        self._lines[line.level] -= 1
        self._weights[line.level] -= line.weight
        self._eligible[line.base] -= 1

    def _quantum(self, line: _Line) -> float:
        """Give a line's share: its level's, 2**level for each line in it, by the plans' weights."""
        level = line.level
        return (1 << level) * self._lines[level] * line.weight / self._weights[level]

    def _next(self) -> _Line | None:
        """Choose the line whose turn it is."""
        if not any(self._eligible):
            return None
        for base, patience in _PATIENCE:
            if self._eligible[base] and self._passed[base] >= patience:
                mask = self._mask & _OF_BASE[base]
                if mask:
                    return next(iter(self._ready[mask.bit_length() - 1]))
                return next(iter(self._spent[base]))
        while not self._mask:
            self._begin_round()
        return next(iter(self._ready[self._mask.bit_length() - 1]))

    def _begin_round(self) -> None:
        """Give every line its credit; the smallest share is worth one ticket."""
        self._round += 1
        lines = [line for spent in self._spent for line in spent]
        self._scale = min(map(self._quantum, lines))
        for line in lines:
            line.credit += self._quantum(line) / self._scale
            line.round = self._round
            self._ring(line)

    def _serve(self, line: _Line, now: float) -> None:
        """Charge a line for one ticket, and count who was passed over for it."""
        for base in _BASES:
            self._passed[base] = self._passed[base] + 1 if self._eligible[base] else 0
        self._passed[line.base] = 0
        line.since, line.age = now, 0
        self._list(line)
        # What patience gives is owed, up to the credit of a round.
        share = self._quantum(line) / self._scale
        line.credit = max(line.credit - 1.0, -share)
        if line.ring == -1:
            line.turns = (line.turns + 1) % line.weight
            if line.turns == 0:
                self._spent[line.base].move_to_end(line)
        else:
            self._ring(line)

    # --- time ----------------------------------------------------------------------------------

    def _list(self, line: _Line) -> None:
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
            age = min(int((now - line.since) / AGEING), _MOST_AGE)
            if age > line.age:
                line.age = age
                if line.ring is not None:
                    self._ring(line)
            if age < _MOST_AGE:
                line.aging = True
                self._count += 1
                due = line.since + (age + 1) * AGEING
                heapq.heappush(self._ageing, (due, self._count, line))

    def _look_at_deadlines(self, now: float) -> _Place | None:
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
                    self._ring(line)
        return None


def _level(line: _Line) -> int:
    return line.base + BOOST[line.tenant.terms.plan]


def _rise(line: _Line) -> int:
    return min(line.age + (2 if line.near else 0), MOST_RISE)
