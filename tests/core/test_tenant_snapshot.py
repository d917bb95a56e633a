"""A snapshot of a tenant gives exactly the state that folding its events gives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fleettui.core.commands import requests, tenants
from fleettui.core.decide.handle_tenant import handle_tenant
from fleettui.core.errors import FleettuiError
from fleettui.core.model import SYSTEM, Asked, Payload
from fleettui.core.state.evolve_tenant import evolve_tenant
from fleettui.core.state.tenant import TenantState
from fleettui.core.state.tenant_snapshot import restore_tenant, save_tenant

SPEC = {"plan": "free", "members": [{"name": "ada", "role": "admin", "identities": {"slack": 7}}]}


def do(state: TenantState, what: int, which: int, at: float) -> None:
    """Do one of the things that happen to a tenant."""
    request = f"r{which}"
    commands = (
        requests.QueueRequest(
            "t", "flow", "manual", "here", f"u{which}", Payload(f"text {which}"), ()
        ),
        requests.QueueRequest(
            "t", "flow", "webhook", "", "", Payload("x"), ids=(f"id{which % 3}",)
        ),
        requests.HoldRequest("t", request),
        requests.ReleaseRequest("t", request),
        requests.DropRequest("t", request),
        requests.RetryRequest("t", request),
        tenants.HoldTenant("t"),
        tenants.ReleaseTenant("t"),
        tenants.AdmitTenant("t", {**SPEC, "budgets": {"day": which + 1}}),
    )
    handle_tenant(state, commands[what % len(commands)], Asked(SYSTEM, at))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), max_size=40))
def test_a_snapshot_is_the_state_that_was_kept(steps: list[tuple[int, int]]) -> None:
    state = TenantState()
    handle_tenant(state, tenants.AdmitTenant("t", SPEC), Asked(SYSTEM, 1.0))
    for number, (what, which) in enumerate(steps):
        try:
            do(state, what, which, 2.0 + number)
        except FleettuiError:
            continue
    assert restore_tenant(save_tenant(state)) == state


def test_events_go_on_from_a_snapshot_as_from_the_state() -> None:
    state = TenantState()
    handle_tenant(state, tenants.AdmitTenant("t", SPEC), Asked(SYSTEM, 1.0))
    do(state, 0, 1, 2.0)
    other = restore_tenant(save_tenant(state))
    assert other is not None
    command = requests.HoldRequest("t", "r1")
    events, _ = handle_tenant(state, command, Asked(SYSTEM, 3.0))
    for event in events:
        evolve_tenant(other, event, 3.0)
    assert other == state


def test_what_is_no_snapshot_of_this_version_is_none() -> None:
    assert restore_tenant(b"[]") is None
    assert restore_tenant(b"{") is None
    assert restore_tenant(b'["another",{},{},{},{}]') is None
