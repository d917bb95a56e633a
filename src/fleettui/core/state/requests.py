"""The requests of a tenant: what waits, what runs, what was counted and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fleettui.core.errors import NotFound
from fleettui.core.limits import DAY, Usage
from fleettui.core.model import Payload, Priority
from fleettui.core.request import ReplyStatus, RequestStatus

# How long a platform may deliver a message again (WhatsApp: a week).
SEEN_FOR: Final = 7 * DAY
# How many requests that came to their end are remembered with their answers; dead ones all are.
MOST_CLOSED: Final = 2_000
_LOT: Final = 1_000


@dataclass(slots=True)
class RequestState:
    """A message that a flow took; `tries` counts its runs, `reply_tries` those of its reply."""

    id: str
    flow: str
    agent: str
    platform: str
    channel: str
    user: str
    person: str
    text: Payload
    priority: Priority
    at: float
    event: str = ""
    deadline: float = 0.0
    address: str = ""
    status: RequestStatus = "queued"
    held_by: str = ""
    first: bool = False
    fleet: str = ""
    run: str = ""
    tries: int = 1
    started: float = 0.0
    finished: float = 0.0
    error_type: str = ""
    why: str = ""
    output: Payload = field(default_factory=lambda: Payload(""))
    tokens: int = 0
    reply: ReplyStatus = "none"
    reply_tries: int = 0
    reply_at: float = 0.0
    reply_id: str = ""

    @property
    def whose(self) -> str:
        """Name whose bounds it counts against: a person on all channels, else a platform's user."""
        return self.person or (f"{self.platform}:{self.user}" if self.user else "")


@dataclass(slots=True)
class RequestsState:
    """All requests of a tenant; `seen` has the ids of deliveries, `due` the last schedule times."""

    number: int = 0
    all: dict[str, RequestState] = field(default_factory=dict)
    # In order: what is neither finished nor dropped nor dead; what owes a reply.
    open: dict[str, None] = field(default_factory=dict)
    owing: dict[str, None] = field(default_factory=dict)
    closed: dict[str, None] = field(default_factory=dict)
    seen: dict[str, tuple[float, str]] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    dropped: int = 0
    counted: int = 0

    def one(self, request: str) -> RequestState:
        """Give a request; raises NotFound."""
        found = self.all.get(request)
        if found is None:
            raise NotFound(f"no request is named '{request}'", "fleettui requests ls names them")
        return found

    def repeated(self, ids: tuple[str, ...]) -> str:
        """Give the request that one of these ids was taken as, empty for a new message."""
        return next((self.seen[name][1] for name in ids if name in self.seen), "")

    def see(self, ids: tuple[str, ...], request: str, at: float) -> None:
        """Remember ids, and forget those that nobody repeats any more."""
        for name in ids:
            self.seen[name] = at, request
        while self.seen:
            oldest = next(iter(self.seen))
            if self.seen[oldest][0] > at - SEEN_FOR:
                return
            del self.seen[oldest]

    def count(self, keys: tuple[str, ...], at: float, amount: int) -> None:
        """Count an amount under keys, and forget now and then who used nothing for a day."""
        for key in keys:
            self.usage.setdefault(key, Usage()).add(at, amount)
        self.counted += 1
        if self.counted % _LOT == 0:
            idle = [key for key, usage in self.usage.items() if usage.times[-1] < at - DAY]
            for key in idle:
                del self.usage[key]

    def close(self, request: str) -> None:
        """Note that a request came to an end, and forget the oldest of too many."""
        self.open.pop(request, None)
        self.closed.pop(request, None)
        self.closed[request] = None
        while len(self.closed) > MOST_CLOSED:
            old = next(iter(self.closed))
            del self.closed[old]
            found = self.all.get(old)
            if (
                found is not None
                and found.status in {"finished", "dropped"}
                and (found.reply != "owed")
            ):
                del self.all[old]
