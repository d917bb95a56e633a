"""The ladder after a crash, and the breaker of a provider: pure rules by time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.houses import ANN, NOW, Desk
from fleettui.core.ballot import Vote
from fleettui.core.breaker import FAILURES, REST, Breaker
from fleettui.core.commands import (
    Approve,
    Deny,
    FailTurn,
    FinishTurn,
    RetryTurn,
    RollBack,
    StartRun,
)
from fleettui.core.events import AgentCrashed, AgentRolledBack, AlertCleared, AlertRaised
from fleettui.core.model import SYSTEM, Payload
from fleettui.core.spec.health import Restarts
from fleettui.core.supervision import JITTER, Crashes, Step, next_step
from fleettui.core.views.inbox import inbox_rows

RULES = Restarts()


def rungs(times: list[float], rules: Restarts = RULES) -> list[Step]:
    """Give what is done about crashes at these times."""
    crashes, steps = Crashes(), list[Step]()
    for at in times:
        step = next_step(crashes, rules, at, f"{at}")
        steps.append(step)
        if crashes.times and at - crashes.times[-1] >= rules.reset_after:
            crashes = Crashes()
        crashes.times.append(at)
        crashes.rolled_back = crashes.rolled_back or step.rung == "roll_back"
    return steps


def test_waits_double_up_to_the_longest_and_differ_by_the_jitter() -> None:
    steps = rungs([NOW + 100 * n for n in range(9)])
    for step, wait in zip(steps, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True):
        assert step.rung == "restart"
        assert wait * (1 - JITTER) <= step.wait <= wait


def test_five_restarts_in_a_minute_then_back_then_given_up() -> None:
    steps = rungs([NOW + n for n in range(7)])
    assert [step.rung for step in steps] == ["restart"] * 5 + ["roll_back", "give_up"]


def test_an_agent_that_dies_slowly_is_given_up_too() -> None:
    steps = rungs([NOW + 100 * n for n in range(12)])
    assert [step.rung for step in steps] == ["restart"] * 10 + ["roll_back", "give_up"]


def test_ten_healthy_minutes_forget_everything() -> None:
    quick = [NOW + n for n in range(6)]
    assert rungs([*quick, quick[-1] + RULES.reset_after])[-1].rung == "restart"


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_never_more_restarts_than_allowed_within_the_time(gaps: list[float]) -> None:
    times, at = [], NOW
    for gap in gaps:
        at += gap
        times.append(at)
    steps = rungs(times)
    restarts = [at for at, step in zip(times, steps, strict=True) if step.rung == "restart"]
    for at in restarts:
        assert sum(at - RULES.within < other <= at for other in restarts) <= RULES.most


def test_a_crashing_agent_climbs_the_ladder_by_events() -> None:
    desk = Desk(agents=("a",))
    desk.send(StartRun("f", Payload("go")))
    seen = []
    while desk.state.agents["a"].status != "failed":
        turn = desk.state.agents["a"].turn
        events = desk.send(FailTurn("f", turn, "exit 1", crashed=True), SYSTEM)
        seen += [event for event in events if isinstance(event, AgentCrashed)]
        last = seen[-1]
        desk.at += last.wait
        if last.checkpoint:
            back = desk.send(RollBack("f", "a", last.checkpoint), SYSTEM)
            assert any(isinstance(event, AgentRolledBack) for event in back)
        else:
            desk.send(RetryTurn("f", turn), SYSTEM)
    assert [event.rung for event in seen] == ["restart"] * 5 + ["roll_back", "give_up"]
    assert desk.state.alerts["a/crash/a"].severity == "critical"
    (row,) = [row for row in inbox_rows(desk.state) if row.kind == "failed"]
    assert (row.agent, row.id) == ("a", seen[-1].item)
    desk.send(Approve("f", row.id, row.version, "", ""), ANN)
    assert desk.state.agents["a"].status == "idle"
    assert not inbox_rows(desk.state)
    assert not desk.state.alerts


def test_a_failed_agent_may_be_left_failed() -> None:
    desk = Desk(agents=("a",), health={"restarts": {"most": 0, "rollback": False}})
    desk.send(StartRun("f", Payload("go")))
    desk.send(FailTurn("f", desk.state.agents["a"].turn, "exit 1", crashed=True), SYSTEM)
    (row,) = [row for row in inbox_rows(desk.state) if row.kind == "failed"]
    desk.send(Deny("f", row.id, row.version), ANN)
    assert desk.state.agents["a"].status == "failed"
    assert not [row for row in inbox_rows(desk.state) if row.kind == "failed"]


def test_an_agent_that_works_again_clears_its_alert() -> None:
    desk = Desk(agents=("a",))
    desk.send(StartRun("f", Payload("go")))
    turn = desk.state.agents["a"].turn
    raised = desk.send(FailTurn("f", turn, "exit 1", crashed=True), SYSTEM)
    assert [event.severity for event in raised if isinstance(event, AlertRaised)] == ["warning"]
    desk.at += 2
    desk.send(RetryTurn("f", turn), SYSTEM)
    vote = Vote("a", "approve", 0.9, 1.0, "well")
    events = desk.send(FinishTurn("f", turn, Payload("done"), vote), SYSTEM)
    assert any(isinstance(event, AlertCleared) for event in events)
    assert not desk.state.alerts


def test_a_breaker_opens_probes_once_and_closes() -> None:
    breaker = Breaker()
    assert [breaker.fail(NOW + n) for n in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    opened = NOW + FAILURES - 1
    assert breaker.wait(opened + 1) == REST - 1
    assert breaker.state(opened + 1) == "open"
    assert breaker.wait(opened + REST) == 0.0
    assert breaker.state(opened + REST) == "half_open"
    assert breaker.wait(opened + REST) > 0
    breaker.fail(opened + REST + 1)
    assert breaker.wait(opened + REST + 1) == REST
    assert breaker.wait(opened + 2 * REST + 1) == 0.0
    breaker.succeeded()
    assert (breaker.state(NOW), breaker.wait(NOW)) == ("closed", 0.0)


def test_failures_far_apart_open_nothing() -> None:
    breaker = Breaker()
    assert not any(breaker.fail(NOW + 10 * n) for n in range(20))
