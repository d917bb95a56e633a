"""Rows of what is counted."""

from __future__ import annotations

from fleettui.core.metrics import Kind
from fleettui.core.views.rows.root import Row


class MetricRow(Row, frozen=True):
    """One number of a metric, by its labels; counted since the host began.

    Of a histogram `value` is the sum of seconds, and `buckets` says how many took so long at most;
    under `+Inf` it has how many there were.
    """

    name: str
    kind: Kind
    help: str
    labels: dict[str, str]
    value: float
    buckets: dict[str, int]
