"""Numbers by label: summed, bounded, and of the tenants that may be seen only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.metrics import BOUNDS, MOST_SERIES, OTHER, Metric, Spread

EVERY = ["acme", "bolt"]


def metric(*labels: str) -> Metric:
    return Metric("counter", "n", "N.", labels)


def test_numbers_are_summed_over_tenants_where_the_tenant_is_no_label() -> None:
    flows = metric("flow")
    flows.add("acme", ["f"])
    flows.add("bolt", ["f"], 2)
    assert dict(flows.numbers(EVERY)) == {("f",): 3}
    assert dict(flows.numbers(["bolt"])) == {("f",): 2}
    assert dict(flows.numbers([])) == {}


def test_numbers_are_apart_where_the_tenant_is_a_label() -> None:
    turns = metric("tenant", "status")
    turns.add("acme", ["done"])
    turns.add("bolt", ["done"])
    assert dict(turns.numbers(EVERY)) == {("acme", "done"): 1, ("bolt", "done"): 1}


def test_names_that_users_make_up_can_not_grow_without_end() -> None:
    flows = metric("flow")
    for number in range(MOST_SERIES + 500):
        flows.add("acme", [f"flow-{number}"])
    numbers = dict(flows.numbers(EVERY))
    assert len(numbers) == MOST_SERIES + 1
    assert numbers[OTHER,] == 500
    flows.add("acme", ["flow-7"])
    assert dict(flows.numbers(EVERY))["flow-7",] == 2


@given(st.text(max_size=300))
def test_a_label_is_one_short_line_without_anything_odd(text: str) -> None:
    flows = metric("flow")
    flows.add("acme", [text])
    ((label,),) = dict(flows.numbers(EVERY))
    assert len(label) <= 64
    assert label.isprintable()


@given(st.lists(st.floats(0, 10_000)))
def test_a_spread_counts_each_time_once_up_to_its_bound(times: list[float]) -> None:
    spread = Spread()
    for seconds in times:
        spread.add(seconds)
    buckets = spread.buckets()
    for bound in BOUNDS:
        assert buckets[str(bound)] == sum(seconds <= bound for seconds in times)
    assert buckets["+Inf"] == len(times)


def test_spreads_of_tenants_are_added() -> None:
    waits = Metric("histogram", "w", "W.", ("flow",))
    waits.observe("acme", ["f"], 0.2)
    waits.observe("bolt", ["f"], 7.0)
    ((labels, spread),) = waits.spreads(EVERY)
    assert (labels, spread.buckets()["+Inf"], spread.sum) == (("f",), 2, 7.2)
    ((_, mine),) = waits.spreads(["acme"])
    assert mine.sum == 0.2
