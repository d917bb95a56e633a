"""Who gets a part: five ways to choose, all different, all the same for the same seed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.houses import Desk

from fleettui.core.commands import StartRun
from fleettui.core.coordination.distribution import choose, score
from fleettui.core.coordination.work import Work
from fleettui.core.model import Part, Payload
from fleettui.core.state.fleet import PartState

NAMES = ("a", "b", "c", "d")


def at_work(rule: str, names: tuple[str, ...] = NAMES, seed: str = "s", **fields: Any) -> Work:
    """Give the work of a run with nobody busy."""
    entries = [
        {"name": name, "spec": {"model": "openai:m"}, **fields.get(name, {})} for name in names
    ]
    desk = Desk(entries=entries, coordination={"mode": "swarm", "distribution": rule})
    desk.send(StartRun("f", Payload("go"), seed=seed))
    run = desk.state.running()
    assert run is not None
    for agent in desk.state.agents.values():
        agent.turns.clear()
        agent.status = "idle"
    run.turns.clear()
    run.shares.clear()
    return Work(desk.state, run)


def part(name: str = "item 1", text: str = "", key: str = "", skill: str = "") -> PartState:
    return PartState(Part(f"f/{name}", "item", name, Payload(text), key=key, skill=skill))


def spread(work: Work, parts: list[PartState]) -> list[str]:
    """Give who gets each of some parts, each agent free again at once."""
    chosen = []
    for one in parts:
        agent = choose(work, one, NAMES)
        work.open(one, agent, Payload("x"))
        chosen.append(agent)
        work.is_free = lambda name: True  # type: ignore[method-assign]
    return chosen


PARTS = [part(f"item {number}", f"text {number}") for number in range(12)]


def test_round_robin_goes_round() -> None:
    assert spread(at_work("round-robin"), PARTS) == list(NAMES) * 3


def test_least_loaded_takes_who_had_least() -> None:
    work = at_work("least-loaded")
    work.run.shares.update({"a": 5, "b": 1, "c": 3, "d": 5})
    assert spread(work, PARTS[:4]) == ["b", "b", "b", "c"]


def test_random_draws_the_same_from_the_same_seed() -> None:
    first = spread(at_work("random"), PARTS)
    assert first == spread(at_work("random"), PARTS)
    assert first != spread(at_work("random", seed="other"), PARTS)
    assert len(set(first)) > 1


def test_skill_based_matches_words_and_waits_for_the_best() -> None:
    skills = {"b": {"skills": ["database"]}, "c": {"labels": {"area": "frontend pages"}}}
    work = at_work("skill-based", **skills)
    wanted = part("item 1", "migrate the databases")
    assert choose(work, wanted, NAMES) == "b"
    assert choose(work, part("item 2", "check the frontend"), NAMES) == "c"
    assert score(work.state, wanted, "b") == 3
    work.state.agents["b"].turns["busy"] = None
    assert choose(work, wanted, NAMES) == ""
    assert choose(work, part("item 3", "nothing known"), NAMES) == "a"


@pytest.mark.parametrize("rule", ["round-robin", "least-loaded", "random", "skill-based", "sticky"])
def test_a_skill_asked_for_by_name_counts_in_every_distribution(rule: str) -> None:
    skills = {"b": {"skills": ["SQL tuning"]}, "d": {"skills": ["sql"]}}
    work = at_work(rule, **skills)
    assert choose(work, part(skill="sql"), NAMES) in {"b", "d"}
    assert choose(work, part(skill="sql tuning"), NAMES) == "b"
    assert choose(work, part(skill="cobol"), NAMES) in NAMES
    work.state.agents["b"].turns["busy"] = None
    assert choose(work, part(skill="sql tuning"), NAMES) == ""


def test_round_robin_goes_round_among_parts_of_a_kind() -> None:
    work = at_work("round-robin")
    plan = PartState(Part("f/plan", "plan", "plan 1"))
    chosen = spread(work, PARTS[:1])
    for one in PARTS[1:4]:
        work.open(plan, "a", Payload("plan"))
        chosen += spread(work, [one])
    assert chosen == list(NAMES)


def test_sticky_keeps_a_key_with_its_agent() -> None:
    work = at_work("sticky")
    chosen = {choose(work, part(f"item {n}", key="invoices"), NAMES) for n in range(20)}
    assert len(chosen) == 1
    keys = Counter(choose(work, part(key=f"key {n}"), NAMES) for n in range(400))
    assert min(keys.values()) > 60


@given(st.sampled_from(NAMES))
def test_losing_an_agent_moves_only_its_share(lost: str) -> None:
    work = at_work("sticky")
    before = {n: choose(work, part(key=f"key {n}"), NAMES) for n in range(100)}
    work.state.agents[lost].status = "stopped"
    after = {n: choose(work, part(key=f"key {n}"), NAMES) for n in range(100)}
    assert lost not in after.values()
    assert {n for n in before if before[n] != after[n]} == {n for n in before if before[n] == lost}


@pytest.mark.parametrize("rule", ["round-robin", "least-loaded", "random", "skill-based", "sticky"])
def test_who_failed_gets_it_again_only_when_nobody_is_left(rule: str) -> None:
    work = at_work(rule)
    failed = part()
    failed.failed_by = ("a", "b", "c")
    assert choose(work, failed, NAMES) == "d"
    failed.failed_by = NAMES
    assert choose(work, failed, NAMES) in NAMES
    for agent in work.state.agents.values():
        agent.status = "paused"
    assert choose(work, failed, NAMES) == ""


def test_a_worker_takes_as_many_parts_at_a_time_as_it_may() -> None:
    worker = {"spec": {"type": "worker", "run": ["true"], "max_concurrent_tasks": 2}}
    model = {"spec": {"model": "openai:m", "max_concurrent_tasks": 2}}
    work = at_work("round-robin", ("a", "b"), a=worker, b=model)
    taken = []
    for number in range(4):
        agent = choose(work, part(f"item {number}"), ("a", "b"))
        if agent:
            work.open(part(f"item {number}"), agent, Payload("go"))
        taken.append(agent)
    assert taken == ["a", "b", "a", ""]
