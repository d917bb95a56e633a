"""Ends: the last event of every stream, and the end of every tenant's chain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from fleettui.core.chain import ORIGIN, link
from fleettui.core.errors import SequenceConflict
from fleettui.core.tenancy import sealed
from fleettui.ports import Row

# A stream is named by its tenant and its name; its end is its number and its last seq.
Heads = dict[tuple[str, str], tuple[int, int]]
# A chain's end is how many events it has, and the hash of the last.
Chains = dict[str, tuple[int, bytes]]

_by_stream = itemgetter(0, 1)


class Added(NamedTuple):
    """What rows make of the log: values for its statements, and the ends that move."""

    streams: list[tuple[str, str, int]]
    events: list[tuple[str, int, int, int, bytes, float, str, bytes]]
    heads: Heads
    chains: Chains


class Ends:
    """Where the next rows go."""

    def __init__(self) -> None:
        self.heads: Heads = {}
        self.chains: Chains = {}
        self._unused = 1

    def add(self, rows: Sequence[Row]) -> Added:
        """Give rows their numbers, each bound to the one before; nothing moves until `move`.

        Raises SequenceConflict and StoreSealed. This is on the way of every event: whatever can
        be done once for rows that follow each other in a stream is.
        """
        heads: Heads = {}
        chains: Chains = {}
        streams, events, unused = [], [], self._unused
        for key, some in groupby(rows, _by_stream):
            tenant, stream = key
            found = heads.get(key) or self.heads.get(key)
            if found is None:
                found = unused, 0
                unused += 1
                streams.append((tenant, stream, found[0]))
            number, last = found
            place, hashed = chains.get(tenant) or self.chains.get(sealed(tenant)) or (0, ORIGIN)
            for _, _, seq, at, actor, body in some:
                last += 1
                if seq != last:
                    raise SequenceConflict(
                        f"event {seq} of {stream} is not the next, {last}", "read the stream again"
                    )
                place += 1
                hashed = link(hashed, tenant, stream, seq, at, actor, body)
                events.append((tenant, number, seq, place, hashed, at, actor, body))
            heads[key] = number, last
            chains[tenant] = place, hashed
        return Added(streams, events, heads, chains)

    def move(self, heads: Heads, chains: Chains) -> None:
        """Take in what was stored."""
        self.heads.update(heads)
        self.chains.update(chains)
        self._unused = max([self._unused, *(number + 1 for number, _ in heads.values())])
