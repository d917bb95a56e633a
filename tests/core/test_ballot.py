"""Counting votes: the five algorithms, what a missing vote means, and that order never matters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.ballot import (
    Answer,
    Rule,
    Verdict,
    Vote,
    approvals_needed,
    parse_vote_line,
    tally,
)

OPTIONS = ("approve", "reject", "defer")


def rule(algorithm: Any, voters: int | dict[str, float] = 3, **more: Any) -> Rule:
    if isinstance(voters, int):
        voters = {f"v{number}": 1.0 for number in range(voters)}
    return Rule(algorithm, OPTIONS, voters, **more)


def votes(words: str) -> list[Vote]:
    """Read `approve reject:0.5 - ! ?`: votes with confidence, abstained, failed, late."""
    states = {"-": "abstained", "!": "failed", "?": "late"}
    found = []
    for number, word in enumerate(words.split()):
        verdict, _, sure = word.partition(":")
        found.append(
            Vote(
                f"v{number}", "" if word in states else verdict, float(sure) if sure else None,
                1.0, f"because {number}", states.get(word, "cast"), number + 1,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return found


def closed(kind: Rule, words: str) -> Verdict:
    verdict = tally(kind, votes(words), closed=True)
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("algorithm", "more", "words", "verdict"),
    [
        ("majority", {}, "approve approve reject", "approve"),
        ("majority", {}, "approve reject defer", None),
        ("majority", {}, "approve reject !", None),
        ("majority", {}, "approve ! ?", "approve"),
        ("majority", {}, "approve -", None),
        ("majority", {}, "approve approve -", "approve"),
        ("majority", {"allow_partial": False}, "approve ! ?", None),
        ("majority", {"allow_partial": False}, "approve approve !", "approve"),
        ("majority", {"voters": 4, "allow_partial": False}, "approve approve ! ?", None),
        ("majority", {"min_votes": 2}, "approve ! ?", None),
        ("majority", {"min_votes": 2}, "approve - -", None),
        ("majority", {"min_votes": 2}, "approve approve ?", "approve"),
        ("majority", {}, "! ! !", None),
        ("majority", {}, "", None),
        ("unanimous", {}, "approve approve approve", "approve"),
        ("unanimous", {}, "approve approve reject", None),
        ("unanimous", {}, "approve approve !", "approve"),
        ("unanimous", {}, "approve approve -", None),
        ("unanimous", {"allow_partial": False}, "approve approve ?", None),
        ("weighted", {"voters": {"v0": 2.0, "v1": 1.0, "v2": 0.5}}, "approve reject reject",
         "approve"),
        ("weighted", {"voters": {"v0": 1.5, "v1": 1.0, "v2": 0.5}}, "approve reject reject", None),
        ("weighted", {"voters": {"v0": 0.1, "v1": 0.2, "v2": 0.3}}, "approve approve reject", None),
        ("weighted", {"voters": {"v0": 0.0, "v1": 0.0}}, "approve approve", None),
        ("weighted", {"voters": {"v0": 2.0, "v1": 3.0}, "allow_partial": False}, "approve !", None),
        ("weighted", {"voters": {"v0": 2.0, "v1": 3.0}}, "approve !", "approve"),
        ("first_wins", {}, "- reject approve", "reject"),
        ("first_wins", {}, "! - ?", None),
        ("human_review", {}, "approve approve approve", None),
        ("majority", {"min_confidence": 0.6}, "approve:0.6 approve:0.6 approve:0.6", "approve"),
        ("majority", {"min_confidence": 0.6}, "approve:0.6 approve:0.5 reject:1", None),
        ("majority", {"min_confidence": 0.6}, "approve approve approve", None),
        ("majority", {"min_confidence": 0.6}, "approve:0.9 approve reject:0.1", "approve"),
        ("first_wins", {"min_confidence": 0.6}, "approve:0.4 reject:0.9", None),
        ("weighted", {"voters": {"v0": 3.0, "v1": 1.0}, "min_confidence": 0.7},
         "approve:0.8 approve:0.4", "approve"),
        ("majority", {"voters": {"v0": 3.0, "v1": 1.0}, "min_confidence": 0.7},
         "approve:0.8 approve:0.4", None),
    ],
)  # fmt: skip
def test_a_closed_ballot_has_the_verdict_of_its_rule(algorithm, more, words, verdict):
    found = closed(rule(algorithm, **more), words)
    assert found.reached == (verdict is not None)
    assert found.reason
    if verdict:
        assert found.verdict == verdict


@pytest.mark.parametrize(
    ("kind", "words", "reason"),
    [
        (rule("majority", 4), "approve approve reject reject", "a tie: approve 2, reject 2"),
        (rule("majority"), "approve reject defer", "a tie: approve 1, reject 1, defer 1"),
        (rule("majority", min_votes=3), "approve ! -",
         "1 of 3 voted, 3 votes are needed; failed: v1; abstained: v2"),
        (rule("majority"), "! !", "nobody voted, 1 vote is needed; failed: v0, v1; no answer: v2"),
        (rule("majority", min_confidence=0.6), "approve:0.5999 approve:0.5999",
         "approve leads with confidence 0.599: 0.6 is needed; no answer: v2"),
        (rule("majority", min_confidence=0.6), "approve approve reject",
         "approve leads, but nobody gave a confidence: 0.6 is needed"),
        (rule("unanimous"), "approve approve reject",
         "approve 2, reject 1 of 3: all is needed"),
        (rule("weighted", {"v0": 2.0, "v1": 1.5, "v2": 1.5}), "approve reject defer",
         "approve 2, reject 1.5, defer 1.5 of 5: more than half is needed"),
        (rule("human_review"), "approve approve reject",
         "a person decides; the agents lean to approve (2 of 3)"),
        (rule("human_review", 2), "approve reject", "a person decides; a tie: approve 1, reject 1"),
        (rule("majority"), "approve approve reject", "approve has 2 of 3 votes"),
        (rule("weighted", {"v0": 2.0, "v1": 1.5}), "approve reject",
         "approve has 2 of 3.5 of the weight"),
        (rule("first_wins"), "- reject", "v1 was first with reject"),
    ],
)  # fmt: skip
def test_the_reason_says_exactly_what_decided_or_was_missing(kind, words, reason):
    assert closed(kind, words).reason == reason


@pytest.mark.parametrize(
    ("kind", "words", "decided"),
    [
        (rule("majority"), "approve approve", True),
        (rule("majority"), "approve", False),
        (rule("majority", 4), "approve approve", False),
        (rule("majority", min_votes=3), "approve approve", False),
        (rule("majority", min_confidence=0.6), "approve:0.9 approve:0.8", False),
        (rule("majority", 5, min_confidence=0.6), "approve:0.1 approve:0.1 approve:0.1", True),
        (rule("unanimous", 9), "approve reject", True),
        (rule("unanimous", 9, allow_partial=False), "approve !", True),
        (rule("unanimous"), "approve approve", False),
        (rule("first_wins", 9), "reject", True),
        (rule("first_wins", 9), "-", False),
        (rule("majority", min_votes=2), "! !", True),
        (rule("human_review"), "approve approve", False),
        (rule("human_review"), "approve approve reject", True),
    ],
)
def test_a_ballot_is_decided_early_when_nothing_can_change_it(kind, words, decided):
    assert (tally(kind, votes(words), closed=False) is not None) == decided


def test_dissent_is_kept_with_its_reasons():
    verdict = closed(rule("majority"), "approve reject approve")
    assert [(one.voter, one.verdict, one.reason) for one in verdict.dissent] == [
        ("v1", "reject", "because 1")
    ]
    assert verdict.weights == {"approve": 2, "reject": 1, "defer": 0}


def test_a_person_sets_another_verdict_and_the_agents_become_the_dissent():
    verdict = closed(rule("majority"), "approve approve").by_person("reject", "ada", "it is late")
    assert (verdict.verdict, verdict.reached, verdict.confidence) == ("reject", True, 1.0)
    assert verdict.reason == "ada decided reject: it is late"
    assert [one.voter for one in verdict.dissent] == ["v0", "v1"]


def test_a_stranger_and_a_second_vote_count_nothing():
    more = [Vote("stranger", "reject"), Vote("v0", "reject", at_seq=9), Vote("v1", "wat", at_seq=1)]
    verdict = tally(rule("majority", 2), [*more, *votes("approve")], closed=True)
    assert verdict is not None
    assert verdict.weights == {"approve": 1, "reject": 0, "defer": 0}
    assert "abstained: v1" in verdict.reason


RULES = st.builds(
    Rule,
    st.sampled_from(["majority", "unanimous", "weighted", "first_wins", "human_review"]),
    st.just(OPTIONS),
    st.dictionaries(
        st.sampled_from([f"v{n}" for n in range(6)]), st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.5, 7])
    ),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([None, 0.0, 0.3, 0.6, 1.0]),
)
VOTES = st.lists(
    st.builds(
        Vote,
        st.sampled_from([f"v{n}" for n in range(7)]),
        st.sampled_from([*OPTIONS, "", "other"]),
        st.sampled_from([None, 0.0, 0.3, 0.6, 0.75, 1.0, float("nan"), 4.0]),
        st.just(1.0),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["cast", "cast", "cast", "abstained", "failed", "late"]),
        st.integers(0, 9),
    ),
    max_size=9,
)


@given(RULES, VOTES, st.booleans(), st.randoms())
def test_the_order_of_votes_never_matters(kind, some, over, random):
    mixed = list(some)
    random.shuffle(mixed)
    assert tally(kind, mixed, closed=over) == tally(kind, some, closed=over)


@given(RULES, VOTES, VOTES)
def test_an_early_verdict_is_the_one_that_comes_in_the_end(kind, some, later):
    early = tally(kind, some, closed=False)
    if early is None:
        return
    rest = [Vote(v.voter, v.verdict, v.confidence, 1.0, "", v.state, 99) for v in later]
    late = tally(kind, [*some, *rest], closed=True)
    assert late is not None
    assert late.reached == early.reached
    assert not early.reached or late.verdict == early.verdict


@given(RULES, VOTES)
def test_a_closed_ballot_always_has_a_verdict_with_a_reason(kind, some):
    verdict = tally(kind, some, closed=True)
    assert verdict is not None
    assert verdict.reason
    assert 0 <= verdict.confidence <= 1
    if verdict.reached:
        assert verdict.verdict in OPTIONS


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("VOTE: approve (0.8) looks fine", ("approve", 0.8, "looks fine")),
        ("vote: Reject (80%) - no tests", ("Reject", 0.8, "no tests")),
        ("**VOTE: approve (0.9)** because", ("approve", 0.9, "because")),
        ("**VOTE:** approve (.5)", ("approve", 0.5, "")),
        ("**Vote**: **reject** (75 %) bad", ("reject", 0.75, "bad")),
        ("- VOTE: approve (confidence: 0.7): ok", ("approve", 0.7, "ok")),
        ("### VOTE: approve (8/10) ok", ("approve", 0.8, "ok")),
        ("VOTE: approve (90) ok", ("approve", 0.9, "ok")),
        ("VOTE: approve (0,85) ok", ("approve", 0.85, "ok")),
        ("VOTE: approve (1) ok", ("approve", 1.0, "ok")),
        ("VOTE: approve (1.5) ok", ("approve", None, "ok")),
        ("VOTE: approve (250%) ok", ("approve", None, "ok")),
        ("VOTE: approve", ("approve", None, "")),
        ("VOTE: approve, all good", ("approve", None, "all good")),
        ("VOTE: approve - all good", ("approve", None, "all good")),
        ("VOTE: approve (minor nits) fine", ("approve", None, "(minor nits) fine")),
        ("VOTE: request changes (0.6) see above", ("request changes", 0.6, "see above")),
        ("VOTE: request-changes (0.6) see", ("request-changes", 0.6, "see")),
        ("`VOTE: approve (0.8) ok`", ("approve", 0.8, "ok")),
        ("VOTE: reject (0.2)\nthen\nVOTE: approve (0.8)", ("approve", 0.8, "")),
        ("VOTE: approve (0.8)\n```\nVOTE: reject (0.9)\n```\nbye", ("approve", 0.8, "")),
        ("~~~ text\nVOTE: reject (0.9)\n```\n~~~\nVOTE: approve (0.8)", ("approve", 0.8, "")),
        ("````\n```\nVOTE: reject\n```\n````\n", None),
        ("```\nVOTE: reject (0.9)", None),
        ("> VOTE: reject (0.9) said he", None),
        ("    VOTE: reject (0.9) in code", None),
        ("+VOTE: reject (0.9) in a diff", None),
        ("I cast my VOTE: reject (0.9)", None),
        ("VOTE:", None),
        ("VOTE: **", None),
        ("devote: all (0.9)", None),
        ("VOTE: approve (0.8)\r\nthanks\r\n", ("approve", 0.8, "")),
        ("", None),
    ],
)
def test_a_vote_is_found_in_plain_text(text, vote):
    assert parse_vote_line(text) == vote


@given(st.text(st.sampled_from("VOTE: aprove(0.8)\n`*%-1/")))
def test_any_text_is_read_without_an_error(text):
    found = parse_vote_line(text)
    assert found is None or found[0]


def test_a_very_long_line_is_read_at_once():
    assert parse_vote_line("VOTE: " + "a (" * 20_000) is not None
    assert parse_vote_line("*" * 200_000) is None


@pytest.mark.parametrize(
    ("required", "answers", "needed"),
    [
        (1, [], 1),
        (0, [], 1),
        (1, [("ada", True)], 0),
        (2, [("ada", True), ("ada", True)], 1),
        (2, [("ada", True), ("bob", True), ("eve", True)], 0),
        (2, [("ada", True), ("bob", True), ("eve", False)], None),
        (1, [("ada", False)], None),
    ],
)
def test_each_person_counts_once_and_a_deny_ends_it(required, answers, needed):
    assert approvals_needed(required, [Answer(*one) for one in answers]) == needed
