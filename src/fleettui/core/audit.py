"""Audit: whether the events of a tenant are those that were stored, in the order they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

import msgspec

from fleettui.core.chain import ORIGIN, link
from fleettui.core.events import AnyEvent
from fleettui.core.model import Payload

Wrong = Literal["changed", "missing", "reordered", "truncated"]

_DIGEST: Final = re.compile(rb'"blob":"([0-9a-f]{64})"')


class Entry(NamedTuple):
    """An event as it stands in the chain of its tenant: `place` counts from 1."""

    tenant: str
    place: int
    stream: str
    seq: int
    at: float
    actor: str
    body: bytes
    hash: bytes

    def bound_to(self, previous: bytes) -> bytes:
        """Give the hash that the event has behind another."""
        return link(previous, self.tenant, self.stream, self.seq, self.at, self.actor, self.body)


class End(NamedTuple):
    """What is noted of a chain besides: its length and last hash, and how many it began with."""

    length: int
    hash: bytes
    found: int = 0


class Flaw(NamedTuple):
    """The first thing that is wrong: what happened to which event."""

    wrong: Wrong
    place: int
    stream: str
    seq: int
    why: str


class Finding(NamedTuple):
    """How many events are as they were stored, the hash of the last of them, what is wrong."""

    events: int
    hash: bytes
    flaw: Flaw | None


def check_chain(
    entries: Iterable[Entry], end: End | None, *, place: int = 0, previous: bytes = ORIGIN
) -> Finding:
    """Check entries in the order of their places, from the one after `place` on."""
    seqs: dict[str, int] = {}
    whole = place == 0
    rest = iter(entries)
    for entry in rest:
        # Where an export begins, nobody knows which event of a stream is the next.
        seq = seqs.get(entry.stream, 0) + 1 if whole or entry.stream in seqs else entry.seq
        flaw = _out_of_place(entry, place + 1, seq)
        if flaw is None and entry.bound_to(previous) != entry.hash:
            flaw = _unbound(entry, previous, seq, rest)
        if flaw is None and entry.seq != seq:
            flaw = _flaw("missing", entry, f"event {seq} of its stream is not there")
        if flaw is not None:
            return Finding(place, previous, flaw)
        place, previous = entry.place, entry.hash
        seqs[entry.stream] = entry.seq
    return Finding(place, previous, _wrong_end(place, previous, end))


def _out_of_place(entry: Entry, place: int, seq: int) -> Flaw | None:
    """Find what is not the next of its chain."""
    if entry.place > place:
        stream, gone = (entry.stream, seq) if entry.seq > seq else ("", 0)
        return Flaw("missing", place, stream, gone, f"the tenant's event {place} is not there")
    if entry.place < place:
        return _flaw("reordered", entry, f"it stands where another does, at {entry.place}")
    return None


def _unbound(entry: Entry, previous: bytes, seq: int, rest: Iterator[Entry]) -> Flaw:
    """Say why an entry is not bound to the one before; reads on to see if another belongs here."""
    for later in rest:
        if later.bound_to(previous) == later.hash:
            why = f"event {later.seq} of {later.stream} belongs here"
            return _flaw("reordered", entry, why)
    if entry.seq > seq:
        return Flaw("missing", entry.place, entry.stream, seq, f"event {entry.seq} stands there")
    return _flaw("changed", entry, "it is not what was stored")


def _wrong_end(place: int, previous: bytes, end: End | None) -> Flaw | None:
    if end is None:
        why = "the end of the chain is not noted"
        return Flaw("truncated", place + 1, "", 0, why)
    if end.length > place:
        why = f"{end.length - place:,} events at the end are not there"
        return Flaw("truncated", place + 1, "", 0, why)
    if (end.length, end.hash) != (place, previous):
        why = f"the chain was noted to end with event {end.length}, another than this"
        return Flaw("changed", place, "", 0, why)
    return None


def check_texts(entries: Iterable[Entry], sound: Mapping[str, bool]) -> Flaw | None:
    """Find the first event that names a large text which is not there, or is another.

    `sound` says of each text that is there whether it is what its digest says.
    """
    for entry in entries:
        for digest in {found.decode() for found in _DIGEST.findall(entry.body)}:
            if not sound.get(digest, False) and digest in blobs_of(entry.body):
                wrong: Wrong = "changed" if digest in sound else "missing"
                return _flaw(wrong, entry, f"its text {digest} is {wrong}")
    return None


def blobs_of(body: bytes) -> frozenset[str]:
    """Name the large texts of an event; text that only looks like one names nothing."""
    try:
        event = _decoder.decode(body)
    except msgspec.MsgspecError:
        return frozenset(found.decode() for found in _DIGEST.findall(body))
    return frozenset(_blobs(event))


def _blobs(value: Any) -> Iterator[str]:
    match value:
        case Payload(blob=blob):
            if blob:
                yield blob
        case msgspec.Struct():
            fields = (getattr(value, name) for name in value.__struct_fields__)
            yield from chain.from_iterable(map(_blobs, fields))
        case tuple() | list():
            yield from chain.from_iterable(map(_blobs, value))
        case dict():
            yield from chain.from_iterable(map(_blobs, value.values()))
        case _:
            return


def _flaw(wrong: Wrong, entry: Entry, why: str) -> Flaw:
    return Flaw(wrong, entry.place, entry.stream, entry.seq, why)


_decoder: Final = msgspec.json.Decoder(AnyEvent)
