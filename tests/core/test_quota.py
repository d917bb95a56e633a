"""Days, months, windows and what is left in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleettui.core.errors import QuotaReached
from fleettui.core.limits import DAY, HOUR, MINUTE
from fleettui.core.model import Limits
from fleettui.core.quota import (
    Request,
    admit_request,
    answer_tokens,
    limits_of,
    the_day,
    the_month,
    when,
)
from fleettui.core.spec.limits import ResourceLimits
from fleettui.core.spec.tenant import TenantQuotas, TenantSpec

NEVER = 4_000_000_000.0


@given(st.floats(0, NEVER))
def test_a_time_is_in_its_day_and_month_and_the_next_begins_where_they_end(at: float) -> None:
    for period_of in (the_day, the_month):
        period = period_of(at)
        assert period.first * DAY <= at < period.ends == (period.last + 1) * DAY
        after = period_of(period.ends)
        assert after.first == period.last + 1
        assert after.name > period.name


def test_a_time_is_said_as_short_as_it_can_be() -> None:
    noon = the_day(1_795_600_000.0).ends - DAY / 2
    assert when(noon + 61, noon) == "12:01:01 UTC"
    assert when(the_day(noon).ends, noon) == "00:00 UTC"
    assert when(the_month(noon).ends, noon) == "2026-12-01 00:00 UTC"


@given(
    st.lists(st.tuples(st.floats(0, 2 * HOUR), st.sampled_from(["ann", "bob"])), max_size=30),
    st.integers(1, 5),
    st.integers(1, 8),
)
def test_a_task_that_is_refused_is_taken_at_the_time_that_was_said(
    given_: list[tuple[float, str]], a_minute: int, an_hour: int
) -> None:
    requests = [Request(at, person) for at, person in given_]
    quotas = TenantQuotas.model_validate(
        {
            "requests_per_minute": a_minute,
            "per_user": {"requests_per_hour": an_hour},
        }
    )
    at = 2 * HOUR
    in_minute = sum(one.at + MINUTE > at for one in requests)
    in_hour = sum(one.at + HOUR > at and one.person == "ann" for one in requests)
    if in_minute < a_minute and in_hour < an_hour:
        admit_request("acme", quotas, requests, "ann", at)
        return
    with pytest.raises(QuotaReached) as refusal:
        admit_request("acme", quotas, requests, "ann", at)
    assert refusal.value.again_at > at
    at = refusal.value.again_at
    if sum(one.at + HOUR > at and one.person == "ann" for one in requests) < an_hour:
        admit_request("acme", quotas, requests, "ann", at)


def test_somebody_has_so_many_tasks_going_on() -> None:
    quotas = TenantQuotas.model_validate({"per_user": {"concurrent_requests": 1}})
    going = [Request(0.0, "ann", goes_on=True)]
    admit_request("acme", quotas, going, "bob", NEVER)
    with pytest.raises(QuotaReached, match="1 of 1 tasks going on") as refusal:
        admit_request("acme", quotas, going, "ann", NEVER)
    assert refusal.value.again_at == 0.0


@pytest.mark.parametrize(
    ("own", "most", "used", "allowed"),
    [
        (None, None, 10**9, None),
        (100, None, 10**9, 100),
        (None, 100, 40, 60),
        (50, 100, 40, 50),
        (80, 100, 40, 60),
        # The provider knows better how much its model can say.
        (None, 200_000, 40, None),
    ],
)
def test_an_answer_has_what_is_left_of_its_task(
    own: int | None, most: int | None, used: int, allowed: int | None
) -> None:
    assert answer_tokens(own, most, used) == allowed


def test_nothing_left_is_no_answer() -> None:
    with pytest.raises(QuotaReached, match="used 100 of 100 tokens") as refusal:
        answer_tokens(None, 100, 100)
    assert refusal.value.quota == "tokens_per_request"


def test_a_program_has_its_agents_limit_else_its_tenants_within_the_quota() -> None:
    tenant = TenantSpec.model_validate(
        {"limits": {"memory": "1GiB", "cpu": 2}, "quotas": {"cpu": 1, "memory": "4GiB"}}
    )
    own = ResourceLimits.model_validate({"memory": "8GiB", "timeout": "1m"})
    assert limits_of(None, tenant) == Limits(1 << 30, 1.0)
    assert limits_of(own, tenant) == Limits(4 << 30, 1.0, 60.0)
    assert limits_of(None, TenantSpec()) == Limits()
