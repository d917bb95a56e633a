"""Who may publish and hear what: patterns against every subject of a small world."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.subjects import (
    SYSTEM_PERMISSIONS,
    Permissions,
    covers,
    events_subject,
    overlap,
    part_of,
    permissions_of,
    stream_subject,
)
from fleettui.core.topics import topic_fits

# "x" is in no pattern: it stands for all words that nobody named.
PARTS = ("a", "b", "x")
LONGEST = 4
SUBJECTS = [
    ".".join(parts) for length in range(1, LONGEST + 2) for parts in product(PARTS, repeat=length)
]
bodies = st.lists(st.sampled_from(["a", "b", "*"]), min_size=0, max_size=LONGEST - 1)
patterns = st.builds(
    lambda body, last: ".".join([*body, last]), bodies, st.sampled_from(["a", "b", "*", ">"])
)


def heard(pattern: str) -> set[str]:
    return {subject for subject in SUBJECTS if topic_fits(pattern, subject)}


@given(patterns, patterns)
def test_a_pattern_covers_another_when_it_hears_all_that_the_other_hears(
    wide: str, narrow: str
) -> None:
    assert covers(wide.split("."), narrow.split(".")) == (heard(narrow) <= heard(wide))


@given(patterns, patterns)
def test_two_patterns_overlap_when_both_hear_something(one: str, other: str) -> None:
    expected = bool(heard(one) & heard(other))
    assert overlap(one.split("."), other.split(".")) == expected
    assert overlap(other.split("."), one.split(".")) == expected


@given(st.lists(patterns, max_size=3), st.lists(patterns, max_size=2), patterns)
def test_who_may_subscribe_hears_only_what_is_allowed_and_nothing_denied(
    allowed: list[str], denied: list[str], pattern: str
) -> None:
    may = Permissions(allow_subscribe=tuple(allowed), deny_subscribe=tuple(denied))
    if may.may_subscribe(pattern):
        assert heard(pattern) <= set().union(*map(heard, allowed))
        assert not heard(pattern) & set().union(*map(heard, denied))
    else:
        covered = any(heard(pattern) <= heard(one) for one in allowed)
        assert not covered or heard(pattern) & set().union(*map(heard, denied))


@given(st.lists(patterns, max_size=3), st.lists(patterns, max_size=2), st.sampled_from(SUBJECTS))
def test_who_may_publish_is_allowed_and_not_denied(
    allowed: list[str], denied: list[str], subject: str
) -> None:
    may = Permissions(allow_publish=tuple(allowed), deny_publish=tuple(denied))
    expected = any(subject in heard(one) for one in allowed) and not any(
        subject in heard(one) for one in denied
    )
    assert may.may_publish(subject) == expected


ACME = permissions_of("acme")


@pytest.mark.parametrize(
    "pattern",
    [
        "org.acme.>",
        "org.acme.events.web",
        "org.acme.*.web",
        "org.acme.internal.>",
        "org.acme.internal.secret",
        "platform.broadcast.>",
        "platform.trouble",
        "_INBOX.acme.>",
        "_INBOX.acme.1.2",
    ],
)
def test_a_tenant_hears_its_own_and_the_news_of_the_host(pattern: str) -> None:
    assert ACME.may_subscribe(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        ">", "*", "*.>", "org.>", "org.*", "org.*.x", "org.*.>", "org.*.internal.>", "org.acme",
        "org.bolt.>", "org.bolt.internal.x", "org.acme-2.>", "org.Acme.>", "ORG.acme.>",
        "platform.>", "platform.*", "platform.agents.status", "platform.broadcast",
        "_INBOX.>", "_INBOX.*.>", "_INBOX.*", "_INBOX.bolt.>", "_INBOX.acme",
        "", ".", "org..acme", "org.acme.", "org.acme.>.x", "org.acme. >", "org.acme.a*",
    ],
)  # fmt: skip
def test_a_tenant_is_refused_whatever_reaches_beyond(pattern: str) -> None:
    assert not ACME.may_subscribe(pattern)


@pytest.mark.parametrize(
    ("subject", "may"),
    [
        ("org.acme.events.web", True),
        ("org.acme.internal.x", True),
        ("platform.agents.status", True),
        ("_INBOX.acme.7", True),
        ("org.bolt.events.web", False),
        ("org.bolt.internal.x", False),
        ("_INBOX.bolt.7", False),
        ("platform.broadcast.news", False),
        ("platform.trouble", False),
        ("org.acme.>", False),
        ("org.acme.*", False),
        ("org.acme", False),
        ("", False),
    ],
)
def test_a_tenant_publishes_on_its_own_subjects(subject: str, may: bool) -> None:
    assert ACME.may_publish(subject) == may


def test_the_host_may_do_all() -> None:
    assert SYSTEM_PERMISSIONS.may_subscribe(">")
    assert SYSTEM_PERMISSIONS.may_publish("org.acme.internal.x")


@given(st.text(), st.text())
def test_a_name_is_one_part_of_its_own(one: str, other: str) -> None:
    for text in (one, other):
        subject = events_subject("acme", text)
        assert text == "" or ACME.may_publish(subject)
        assert subject.count(".") == 3
    assert (part_of(one) == part_of(other)) == (one == other)


def test_names_as_they_are_are_kept() -> None:
    assert events_subject("acme", "acme/web-2") == "org.acme.events.acme/web-2"
    assert stream_subject("default", "tenant:default") == "org.default.stream.tenant:default"
    assert part_of("a.b *%☃") == "a%2eb%20%2a%25%e2%98%83"
