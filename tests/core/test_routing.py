"""Which flow takes a message: weights, filters, ties, agents, tenants."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.flow import Flow
from fleettui.core.routing import WEIGHTS, Incoming, Router
from fleettui.core.spec.flow import FlowSpec
from fleettui.core.spec.linear import PatternSet, is_in, re2_problem, settled


def flow(
    name: str,
    platform: str = "Slack",
    *,
    tenant: str = "default",
    agents: list[dict[str, Any]] | None = None,
    **config: Any,
) -> Flow:
    spec: dict[str, Any] = {"agents": agents or [{"name": "a"}]}
    if platform or config:
        spec["trigger"] = {"type": platform, "config": config}
    return Flow(name, FlowSpec.model_validate(spec), tenant=tenant)


def winner(flows: list[Flow], incoming: Incoming) -> tuple[str | None, int]:
    routed = Router(flows).route(incoming)
    return routed.flow.name if routed.flow else None, routed.score


def takes(one: Flow, incoming: Incoming) -> bool:
    return Router([one]).route(incoming).flow is one


def test_the_weights_are_those_of_the_documents_and_added_up() -> None:
    flows = [
        flow("all", ""),
        flow("platform"),
        flow("pattern", patterns=["pod"]),
        flow("user", users=["U1"]),
        flow("channel", channels=["prod"]),
        flow("every", channels=["prod"], users=["U1"], patterns=["pod"]),
    ]  # fmt: skip
    found = Router(flows).route(Incoming("slack", "prod", "U1", "a pod"))
    assert [(one.flow.name, one.score) for one in found.candidates] == [
        ("every", 280), ("channel", 140), ("user", 120), ("pattern", 100), ("platform", 40),
        ("all", 10),
    ]  # fmt: skip
    assert found.candidates[0].matched == ("channel", "user", "pattern", "platform")
    assert found.candidates[-1].matched == ("default",)


def test_a_filter_that_is_given_and_does_not_fit_excludes_a_flow() -> None:
    one = flow("one", channels=["prod"], users=["U1"], patterns=["pod"], events=["message"])
    good = Incoming("slack", "prod", "U1", "pod", "message")
    assert takes(one, good)
    for wrong in (
        good._replace(platform="telegram"), good._replace(channel="staging"),
        good._replace(user="U2"), good._replace(text="node"), good._replace(event="app_mention"),
    ):  # fmt: skip
        assert not takes(one, wrong), wrong


def test_the_first_breaks_ties() -> None:
    same = [flow("b"), flow("a")]
    assert winner(same, Incoming("slack")) == ("b", 40)
    assert winner(same[::-1], Incoming("slack")) == ("a", 40)


@pytest.mark.parametrize("platform", ["slack", "Slack", " SLACK "])
def test_platforms_go_without_regard_to_case(platform: str) -> None:
    assert takes(flow("one", "sLaCk"), Incoming(platform))


def test_words_for_one_platform_are_one() -> None:
    assert takes(flow("one", "Manual"), Incoming("cli"))
    assert takes(flow("one", "HTTP"), Incoming("webhook"))


@pytest.mark.parametrize(
    ("listed", "channel"),
    [
        ("production", "#production"),
        ("#production", "production"),
        (-100123, "-100123"),
        ("-100123", -100123),
        ("café", "cafe\u0301"),
    ],
)
def test_a_channel_is_written_in_several_ways(listed: str | int, channel: str | int) -> None:
    assert takes(flow("one", channels=[listed]), Incoming("slack", channel))


@pytest.mark.parametrize(
    ("listed", "user"),
    [(42, "42"), ("42", 42), ("@ann", "ann"), ("U1", "<@U1>"), ("<@U1|ann>", "U1")],
)
def test_a_user_is_written_in_several_ways(listed: str | int, user: str | int) -> None:
    assert takes(flow("one", users=[listed]), Incoming("slack", user=user))


@pytest.mark.parametrize("user", ["u1", "U10", "U", "", "U1 "])
def test_a_user_that_looks_like_another_is_another(user: str) -> None:
    assert takes(flow("one", users=["U1"]), Incoming("slack", user=user)) is (user == "U1 ")


@pytest.mark.parametrize(
    "text",
    [
        "incident in prod",
        "<@U0BOT> incident in prod",
        "<@U0BOT|aof>: incident",
        "<@!123> <@&9> incident",
        "@aof_bot incident",
        "  incident",
    ],
)
def test_a_mention_of_the_bot_stands_in_no_patterns_way(text: str) -> None:
    assert takes(flow("one", patterns=["^(incident|outage)"]), Incoming("slack", text=text))


def test_a_pattern_may_mean_the_mention_itself() -> None:
    assert takes(flow("one", patterns=["^@oncall"]), Incoming("slack", text="@oncall help"))


def test_patterns_go_by_case_and_the_reason_says_so() -> None:
    one = flow("one", patterns=["CRITICAL|HIGH"])
    routed = Router([one]).explain(Incoming("slack", text="highlight it"))
    assert routed.flow is None
    assert "write (?i)" in routed.candidates[0].missed[0]
    assert takes(flow("two", patterns=["(?i)critical"]), Incoming("slack", text="Critical!"))


@pytest.mark.parametrize("text", ["", "\0", "\ud800 pod", "pod\n" * 100_000, "😀 pod"])
def test_any_text_can_be_routed(text: str) -> None:
    assert takes(flow("one", patterns=["pod"]), Incoming("slack", text=text)) is ("pod" in text)


def test_events_fit_whole_and_by_their_family_and_are_no_filter_where_nobody_says() -> None:
    one = flow("one", events=["pull_request", "Push"])
    for event, fits in (
        ("", True), ("pull_request", True), ("pull_request.opened", True), ("push", True),
        ("pull_request_review", False), ("issues", False),
    ):  # fmt: skip
        assert takes(one, Incoming("slack", event=event)) is fits, event


def test_a_message_for_a_flow_goes_to_no_other() -> None:
    flows = [flow("a"), flow("b", "")]
    assert winner(flows, Incoming("slack", flow="b")) == ("b", 10)
    assert winner(flows, Incoming("slack", flow="c")) == (None, 0)
    assert Router(flows, "general").route(Incoming("slack", flow="c")).agent == ""


def test_the_agent_is_the_first_whose_pattern_fits_else_the_first_without() -> None:
    agents: list[dict[str, Any]] = [
        {"name": "all"},
        {"name": "k8s", "patterns": ["kubectl", "pod"]},
        {"name": "pods", "patterns": ["pod"]},
        {"name": "rest"},
    ]
    router = Router([flow("one", agents=agents)])
    assert router.route(Incoming("slack", text="a pod")).agent == "k8s"
    assert router.route(Incoming("slack", text="hello")).agent == "all"


def test_a_flow_whose_agents_take_nothing_says_so() -> None:
    routed = Router([flow("one", agents=[{"name": "k", "patterns": ["pod"]}])], "other").route(
        Incoming("slack", text="hello")
    )
    assert (routed.flow and routed.flow.name, routed.agent) == ("one", "")
    assert "no agent of the flow has a pattern that fits" in routed.why


def test_the_default_agent_takes_what_no_flow_does_unless_strict() -> None:
    flows = [flow("one", channels=["x"])]
    loose = Router(flows, "general").route(Incoming("slack", text="hi"))
    assert (loose.flow, loose.agent, loose.score) == (None, "general", 0)
    strict = Router(flows, "general", strict_mode=True).route(Incoming("slack", text="hi"))
    assert (strict.flow, strict.agent) == (None, "")
    assert "strict_mode" in strict.why


def test_the_flows_of_another_tenant_are_neither_taken_nor_shown() -> None:
    flows = [flow("theirs", tenant="b", channels=["x"]), flow("mine", tenant="a")]
    message = Incoming("slack", "x", tenant="a")
    found = Router(flows).explain(message)
    assert [one.flow.name for one in found.candidates] == ["mine"]
    told = Router(flows).explain(message, sealed=False)
    assert [one.missed for one in told.candidates] == [(), ("tenant: only b",)]


NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.text("abc x", max_size=6)
FLOWS = st.lists(
    st.builds(
        lambda platform, tenant, channels, users, patterns, events: (
            platform,
            tenant,
            {
                key: value
                for key, value in (
                    ("channels", channels), ("users", users), ("patterns", patterns),
                    ("events", events),
                )
                if value
            },
        ),
        st.sampled_from(["Slack", "Telegram", ""]),
        NAMES,
        st.lists(NAMES, max_size=2),
        st.lists(NAMES, max_size=2),
        st.lists(st.sampled_from(["a", "^b", "c$", "x+"]), max_size=2),
        st.lists(NAMES, max_size=2),
    ),
    max_size=12,
)  # fmt: skip
MESSAGES = st.builds(
    Incoming,
    st.sampled_from(["slack", "telegram", "discord"]),
    NAMES,
    NAMES,
    TEXTS,
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.just(""),
)


def made(listed: list[tuple[str, str, dict[str, Any]]]) -> list[Flow]:
    return [
        flow(f"f{at}", platform, tenant=tenant, **config)
        for at, (platform, tenant, config) in enumerate(listed)
    ]


def slowly(one: Flow, message: Incoming) -> int:
    """Score one flow as the documents say it, without any index."""
    trigger = one.spec.trigger
    if message.tenant != one.tenant:
        return 0
    if trigger is None:
        return WEIGHTS["default"]
    config = trigger.config
    score = 0
    if trigger.type:
        if trigger.type.lower() != message.platform:
            return 0
        score += WEIGHTS["platform"]
    if config.events and message.event and message.event not in config.events:
        return 0
    for name, listed, fits in (
        ("channel", config.channels, message.channel in config.channels),
        ("user", config.users, message.user in config.users),
        (
            "pattern",
            config.patterns,
            any(
                re.search(pattern, text)
                for pattern in config.patterns
                for text in (message.text, message.text.strip())
            ),
        ),
    ):
        if listed and not fits:
            return 0
        score += WEIGHTS[name] if listed else 0
    return score or WEIGHTS["default"]


@given(FLOWS, MESSAGES)
def test_the_index_finds_what_asking_every_flow_finds(
    listed: list[tuple[str, str, dict[str, Any]]], message: Incoming
) -> None:
    flows = made(listed)
    scored = [(slowly(one, message), one.name) for one in flows]
    best = sorted(
        [(score, name) for score, name in scored if score],
        key=lambda pair: (-pair[0], int(pair[1][1:])),
    )
    found = Router(flows).route(message)
    assert [(one.score, one.flow.name) for one in found.candidates] == best
    assert (found.score, found.flow.name if found.flow else "") == (best or [(0, "")])[0]


@given(FLOWS, MESSAGES)
def test_a_foreign_tenant_never_takes_a_message(
    listed: list[tuple[str, str, dict[str, Any]]], message: Incoming
) -> None:
    router = Router(made(listed))
    for routed in (router.route(message), router.explain(message)):
        assert {one.flow.tenant for one in routed.candidates} <= {message.tenant}


@given(FLOWS, MESSAGES, st.randoms(use_true_random=False))
def test_the_order_of_flows_decides_ties_only(
    listed: list[tuple[str, str, dict[str, Any]]], message: Incoming, chance: Any
) -> None:
    flows = made(listed)
    shuffled = list(flows)
    chance.shuffle(shuffled)
    one, other = Router(flows).route(message), Router(shuffled).route(message)
    assert one.score == other.score
    assert {c.flow.name for c in one.candidates} == {c.flow.name for c in other.candidates}


@given(FLOWS, MESSAGES)
def test_explaining_says_the_same_and_why_not(
    listed: list[tuple[str, str, dict[str, Any]]], message: Incoming
) -> None:
    flows = made(listed)
    routed, told = Router(flows).route(message), Router(flows).explain(message, sealed=False)
    assert (routed.flow, routed.agent, routed.score) == (told.flow, told.agent, told.score)
    assert len(told.candidates) == len(flows)
    assert all(bool(one.missed) != bool(one.score) for one in told.candidates)


@pytest.mark.parametrize(
    "pattern", ["(?=a)", r"(a)\1", "(?<!x)y", r"a\Z", "(a+)+$", "", "(", r"\u00e9", "a" * 501]
)
def test_a_pattern_that_is_not_linear_is_refused(pattern: str) -> None:
    assert re2_problem(pattern) != ""


@pytest.mark.parametrize("pattern", ["^(incident|outage)", "(?i)high", r"\bpod-\d+\b", "café"])
def test_a_pattern_of_the_usual_kind_is_taken(pattern: str) -> None:
    assert re2_problem(pattern) == ""


@given(st.lists(st.sampled_from(["a", "b+", "^c", "a.*b", "x$", "[ab]{2}"]), max_size=250), TEXTS)
def test_a_set_finds_what_each_pattern_finds(patterns: list[str], text: str) -> None:
    found = PatternSet(patterns).found_in(settled(text))
    assert found == {at for at, pattern in enumerate(patterns) if is_in(pattern, settled(text))}


def test_a_set_of_large_patterns_finds_what_each_of_them_finds() -> None:
    patterns = [f"(?s)a.{{{length}}}b" for length in range(100, 200)]
    assert {re2_problem(pattern) for pattern in patterns} == {""}
    text = "ab" * 3_000
    found = PatternSet(patterns).found_in(text)
    assert found == {at for at, pattern in enumerate(patterns) if is_in(pattern, text)}
    assert len(found) == 50


def test_patterns_that_no_automaton_holds_together_are_looked_for_one_by_one() -> None:
    # Refused in a file; whoever gets them in all the same is answered rightly.
    patterns = [f"(?i)[à-ÿa-z]{{1,1000}}x{number}" for number in range(3)]
    assert PatternSet(patterns).found_in("some prefix1") == {1}


def test_only_the_beginning_of_a_very_long_text_is_looked_at() -> None:
    one = flow("one", patterns=["pod"])
    assert takes(one, Incoming("slack", text="a" * 60_000 + " pod"))
    assert not takes(one, Incoming("slack", text="a" * 1_000_000 + " pod"))
