"""The limits that a flow sets: of itself, its organization, each user and all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fleettui.core.flow import Flow
from fleettui.core.limits import DAY, HOUR, MINUTE, Limit, request_key, token_key
from fleettui.core.spec.flow import Quota


def limits_of_flow(flow: Flow, whose: str) -> Iterator[Limit]:
    """Give the limits that a flow sets for itself, its tenant and each user."""
    limits = flow.spec.limits
    yield from limits_of_quota(limits, ("flow", flow.name), f"flow {flow.name}")
    for quota in (limits.per_tenant, limits.per_organization):
        if quota is not None:
            yield from limits_of_quota(quota, (), f"organization {flow.tenant}")
    if limits.per_user is not None and whose:
        key = ("flow", flow.name, "user", whose)
        yield from limits_of_quota(limits.per_user, key, f"user {whose} of flow {flow.name}")


def limits_of_quota(quota: Quota, key: Sequence[str], whose: str) -> Iterator[Limit]:
    """Give the limits of a quota; `key` is what is counted, nothing for all of a tenant."""
    requests, tokens = request_key(*(key or ("all",))), token_key(*(key or ("all",)))
    for most, span in (
        (quota.max_requests_per_minute, MINUTE),
        (quota.max_requests_per_hour, HOUR),
        (quota.max_requests_per_day, DAY),
    ):
        if most is not None:
            yield Limit(requests, "requests", most, span, whose)
    for most, span in (
        (quota.max_tokens_per_minute, MINUTE),
        (quota.max_tokens_per_hour, HOUR),
        (quota.max_tokens_per_day, DAY),
    ):
        if most is not None:
            yield Limit(tokens, "tokens", most, span, whose)
