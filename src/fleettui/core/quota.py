"""Quotas: days, months and windows of time, what is left in them, and refusals that say when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from fleettui.core.errors import QuotaReached
from fleettui.core.limits import DAY, HOUR, MINUTE
from fleettui.core.model import Limits
from fleettui.core.spec.limits import ResourceLimits
from fleettui.core.spec.tenant import TenantQuotas, TenantSpec, UserQuotas

# Where an agent's file does not bound its answers, the provider does; only what is left of a
# task's tokens and is less than that is said to it. No model of today answers with less than this.
_MOST_ANSWER: Final = 8192


# --- days and months, in UTC ---------------------------------------------------------------------


class Period(NamedTuple):
    """A day or a month: its name, its first and last day (since the epoch), and when it ends."""

    name: str
    first: int
    last: int
    ends: float


def day_of(at: float) -> int:
    """Give the day (in UTC, since the epoch) of a time."""
    return int(at // DAY)


def the_day(at: float) -> Period:
    """Give the day of a time."""
    day = day_of(at)
    return Period(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}", day, day, (day + 1) * DAY)


def the_month(at: float) -> Period:
    """Give the month of a time."""
    begins = datetime.fromtimestamp(at, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    ends = (begins + timedelta(days=31)).replace(day=1).timestamp()
    return Period(f"{begins:%Y-%m}", day_of(begins.timestamp()), day_of(ends) - 1, ends)


def when(at: float, now: float) -> str:
    """Say a time that is to come in UTC; its date where it is not of this day or its end."""
    then = datetime.fromtimestamp(at, UTC)
    clock = f"{then:%H:%M}" if not then.second else f"{then:%H:%M:%S}"
    return f"{clock} UTC" if at <= the_day(now).ends else f"{then:%Y-%m-%d} {clock} UTC"


# --- requests ------------------------------------------------------------------------------------


class Request(NamedTuple):
    """A task that a person gave: when, and whether it still goes on."""

    at: float
    person: str
    goes_on: bool = False


def admit_request(
    tenant: str, quotas: TenantQuotas, given: Iterable[Request], person: str, at: float
) -> None:
    """Refuse a task where so many were given; `given` are the tenant's of the last hour.

    Raises QuotaReached with the time when the oldest of them is out of its minute or hour.
    """
    known = sorted(one for one in given if one.at + HOUR > at or one.goes_on)
    own = [one for one in known if one.person == person]
    _admit(tenant, quotas, "", known, at)
    if not person:
        # Whom nobody knows is no one person.
        return
    _admit(person, quotas.per_user, "per_user.", own, at)
    most = quotas.per_user.concurrent_requests
    going = sum(one.goes_on for one in own)
    if most is not None and going >= most:
        raise QuotaReached(
            f"{person} has {going} of {most} tasks going on", "wait for the end of one",
            quota="per_user.concurrent_requests",
        )  # fmt: skip


def _admit(
    who: str, quotas: TenantQuotas | UserQuotas, lead: str, given: list[Request], at: float
) -> None:
    for unit, most, window in (
        ("minute", quotas.requests_per_minute, MINUTE),
        ("hour", quotas.requests_per_hour, HOUR),
    ):
        times = [one.at for one in given if one.at + window > at]
        if most is not None and len(times) >= most:
            again = times[-most] + window
            raise QuotaReached(
                f"{who} gave {len(times)} of {most} tasks in the last {unit}",
                f"again at {when(again, at)}", quota=f"{lead}requests_per_{unit}", again_at=again,
            )  # fmt: skip


# --- tokens of one task --------------------------------------------------------------------------


def answer_tokens(own: int | None, most: int | None, used: int) -> int | None:
    """Give how many tokens an answer may have; `most` are all of its task, `used` already.

    None leaves it to the provider; raises QuotaReached when nothing is left.
    """
    if most is None:
        return own
    left = most - used
    if left <= 0:
        raise QuotaReached(
            f"the task used {used:,} of {most:,} tokens", "give it in smaller parts",
            quota="tokens_per_request",
        )  # fmt: skip
    if own is None:
        return left if left < _MOST_ANSWER else None
    return min(left, own)


# --- programs ------------------------------------------------------------------------------------


def limits_of(own: ResourceLimits | None, tenant: TenantSpec) -> Limits:
    """Give what one program may use: its agent's, else its tenant's limit, within the quota."""
    given = own.as_limits() if own else Limits()
    usual, quotas = tenant.limits, tenant.quotas
    memory = _least(given.memory or usual.memory, quotas.memory)
    return Limits(int(memory), _least(given.cpu or usual.cpu, quotas.cpu), given.timeout)


def _least(*bounds: float | None) -> float:
    return min((bound for bound in bounds if bound), default=0)
