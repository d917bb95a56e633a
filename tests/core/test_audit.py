"""A chain of events: sound as it was made, and never so after anything was done to it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.audit import End, Entry, check_chain
from fleettui.core.chain import ORIGIN, link

texts = st.text(max_size=5)
bodies = st.binary(max_size=20)


def chained(events: list[tuple[str, str, bytes]]) -> tuple[list[Entry], End]:
    """Make the chain of some events: stream, actor, body."""
    entries: list[Entry] = []
    seqs: dict[str, int] = {}
    previous = ORIGIN
    for place, (stream, actor, body) in enumerate(events, 1):
        seqs[stream] = seq = seqs.get(stream, 0) + 1
        at = float(place)
        previous = link(previous, "acme", stream, seq, at, actor, body)
        entries.append(Entry("acme", place, stream, seq, at, actor, body, previous))
    return entries, End(len(entries), previous)


chains = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), texts, bodies), min_size=1, max_size=12
).map(chained)


@given(chains)
def test_a_chain_is_sound_as_it_was_made_and_from_any_place_on(
    chain: tuple[list[Entry], End],
) -> None:
    entries, end = chain
    for start in range(len(entries) + 1):
        previous = entries[start - 1].hash if start else ORIGIN
        finding = check_chain(entries[start:], end, place=start, previous=previous)
        assert finding == (len(entries), end.hash, None)


@given(chains, st.data())
def test_what_is_changed_in_an_event_is_found_at_that_event(
    chain: tuple[list[Entry], End], data: st.DataObject
) -> None:
    entries, end = chain
    at = data.draw(st.integers(0, len(entries) - 1))
    others: dict[str, Any] = {
        "tenant": "bolt", "stream": "z", "seq": 99, "at": -1.0, "actor": "eve of acme",
        "body": b"another body, longer than any", "hash": bytes(32),
    }  # fmt: skip
    field = data.draw(st.sampled_from(list(others)))
    entries[at] = entries[at]._replace(**{field: others[field]})
    finding = check_chain(entries, end)
    assert finding.events == at
    assert finding.flaw is not None
    assert finding.flaw.place == at + 1


@given(chains, st.data())
def test_what_is_taken_out_is_missed_wherever_it_stood(
    chain: tuple[list[Entry], End], data: st.DataObject
) -> None:
    entries, end = chain
    at = data.draw(st.integers(0, len(entries) - 1))
    gone = data.draw(st.integers(1, len(entries) - at))
    left = entries[:at] + entries[at + gone :]
    finding = check_chain(left, end)
    assert finding.flaw is not None
    expected = "truncated" if at + gone == len(entries) else "missing"
    assert (finding.flaw.wrong, finding.flaw.place) == (expected, at + 1)


@given(chains, st.randoms(use_true_random=False))
def test_another_order_is_found_also_where_places_are_counted_anew(
    chain: tuple[list[Entry], End], chance: Any
) -> None:
    entries, end = chain
    shuffled = entries[:]
    chance.shuffle(shuffled)
    counted = [one._replace(place=place) for place, one in enumerate(shuffled, 1)]
    finding = check_chain(counted, end)
    assert (finding.flaw is None) == (shuffled == entries)
    if finding.flaw is not None:
        assert finding.flaw.wrong == "reordered"


@given(st.tuples(texts, texts, texts, bodies), st.tuples(texts, texts, texts, bodies))
def test_no_two_events_read_alike(
    one: tuple[str, str, str, bytes], other: tuple[str, str, str, bytes]
) -> None:
    def hashed(event: tuple[str, str, str, bytes]) -> bytes:
        tenant, stream, actor, body = event
        return link(ORIGIN, tenant, stream, 1, 1.0, actor, body)

    assert (hashed(one) == hashed(other)) == (one == other)
