"""exposition: rows of metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from fleettui.core.views.rows import MetricRow

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(rows: Iterable[MetricRow]) -> str:
    """Write rows, those of one metric next to each other; label values are escaped."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 only who asks

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Rows(rows))
    return generate_latest(registry).decode("utf-8")


class _Rows:
    """Satisfies prometheus_client's Collector."""

    def __init__(self, rows: Iterable[MetricRow]) -> None:
        self._rows = tuple(rows)

    def collect(self) -> Iterator[Any]:
        from prometheus_client import core  # noqa: PLC0415 as above

        made = {
            "counter": core.CounterMetricFamily,
            "gauge": core.GaugeMetricFamily,
            "histogram": core.HistogramMetricFamily,
        }
        for _, some in groupby(self._rows, lambda row: row.name):
            first, *rest = some
            family = made[first.kind](first.name, first.help, labels=list(first.labels))
            for row in (first, *rest):
                labels = list(row.labels.values())
                buckets = (list(row.buckets.items()),) if row.kind == "histogram" else ()
                family.add_metric(labels, *buckets, row.value)
            yield family
