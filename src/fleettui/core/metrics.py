"""Metrics: numbers by label, so bounded that no text of a user can make them many or odd."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from fleettui.core.safe import one_line

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]

# Of each metric there are so many rows at most; what comes later is counted as OTHER.
MOST_SERIES: Final = 2000
OTHER: Final = "other"
_LONGEST: Final = 64
# Seconds: an answer within one, a model's turn, a run, an hour of waiting for a person.
BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(slots=True)
class Spread:
    """How long things took: how many up to each of BOUNDS and above, and the sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    sum: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> dict[str, int]:
        """Give how many took so many seconds at most, as Prometheus counts them."""
        found, whole = {}, 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            whole += count
            found[bound] = whole
        return found


class Metric:
    """One name with its numbers, kept apart by tenant whether that is a label of it or not."""

    def __init__(self, kind: Kind, name: str, help_text: str, labels: Sequence[str]) -> None:
        self.kind, self.name, self.help = kind, name, help_text
        self.labels = tuple(labels)
        self._numbers: dict[tuple[str, Labels], float] = {}
        self._spreads: dict[tuple[str, Labels], Spread] = {}

    def add(self, tenant: str, labels: Sequence[str] = (), amount: float = 1.0) -> None:
        """Count; what the labels are made of may be anybody's text."""
        key = self._key(tenant, labels, self._numbers)
        self._numbers[key] = self._numbers.get(key, 0.0) + amount

    def observe(self, tenant: str, labels: Sequence[str], seconds: float) -> None:
        """Count how long something took."""
        key = self._key(tenant, labels, self._spreads)
        self._spreads.setdefault(key, Spread()).add(max(seconds, 0.0))

    def clear(self) -> None:
        """Forget a gauge's numbers, to be set anew."""
        self._numbers.clear()

    def numbers(self, tenants: Container[str]) -> Iterator[tuple[Labels, float]]:
        """Give the numbers of some tenants: by label, summed where the tenant is none."""
        whole: dict[Labels, float] = {}
        for (of, labels), value in self._numbers.items():
            if of in tenants:
                shown = self._shown(of, labels)
                whole[shown] = whole.get(shown, 0.0) + value
        yield from whole.items()

    def spreads(self, tenants: Container[str]) -> Iterator[tuple[Labels, Spread]]:
        """Give how long things took, as `numbers` does."""
        whole: dict[Labels, Spread] = {}
        for (of, labels), spread in self._spreads.items():
            if of in tenants:
                added = whole.setdefault(self._shown(of, labels), Spread())
                added.counts = [a + b for a, b in zip(added.counts, spread.counts, strict=True)]
                added.sum += spread.sum
        yield from whole.items()

    def _key(
        self, tenant: str, labels: Sequence[str], known: Mapping[tuple[str, Labels], object]
    ) -> tuple[str, Labels]:
        key = tenant, tuple(one_line(label, _LONGEST) for label in labels)
        if key in known or len(known) < MOST_SERIES:
            return key
        return tenant, tuple(OTHER for _ in labels)

    def _shown(self, tenant: str, labels: Labels) -> Labels:
        return (tenant, *labels) if self.labels[:1] == ("tenant",) else labels
