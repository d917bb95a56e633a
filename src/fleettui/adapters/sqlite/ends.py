"""Ends: the last event of every stream, and the end of every tenant's chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fleettui.core.chain import ORIGIN, link
from fleettui.core.errors import SequenceConflict
from fleettui.core.tenancy import sealed
from fleettui.ports import Row

# A stream is named by its tenant and its name; its end is its number and its last seq.
Heads = dict[tuple[str, str], tuple[int, int]]
# A chain's end is how many events it has, and the hash of the last.
Chains = dict[str, tuple[int, bytes]]


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

        Raises SequenceConflict and StoreSealed.
        """
        heads: Heads = {}
        chains: Chains = {}
        streams, events, unused = [], [], self._unused
        for tenant, stream, seq, at, actor, body in rows:
            key = tenant, stream
            found = heads.get(key) or self.heads.get(key)
            if found is None:
                found = unused, 0
                unused += 1
                streams.append((tenant, stream, found[0]))
            number, last = found
            if seq != last + 1:
                raise SequenceConflict(
                    f"event {seq} of {stream} is not the next, {last + 1}", "read the stream again"
                )
            heads[key] = number, seq
            chain = chains.get(tenant) or self.chains.get(sealed(tenant)) or (0, ORIGIN)
            place, hashed = chain[0] + 1, link(chain[1], tenant, stream, seq, at, actor, body)
            chains[tenant] = place, hashed
            events.append((tenant, number, seq, place, hashed, at, actor, body))
        return Added(streams, events, heads, chains)

    def move(self, heads: Heads, chains: Chains) -> None:
        """Take in what was stored."""
        self.heads.update(heads)
        self.chains.update(chains)
        self._unused = max([self._unused, *(number + 1 for number, _ in heads.values())])
