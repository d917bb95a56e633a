"""What is said of a tenant of which nothing begins: why, and what lets it go on."""

from __future__ import annotations

import pytest
from tenant_boards import tenant

from fleettui.cli.tenants import stopped

DAY = "acme used 10 of 10 tokens today; again at 00:00 UTC"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ""),
        ({"all_held_by": "ann"}, "all held by ann; fleettui release"),
        ({"held_by": "bob"}, "acme is held by bob; fleettui tenant release acme"),
        ({"used_up": DAY}, f"waits: {DAY}"),
        (
            {"retired": True, "file": "/s/tenants/acme.yaml"},
            "the file of tenant acme is gone; put it back: /s/tenants/acme.yaml",
        ),
    ],
)
def test_whatever_stops_a_tenant_is_said_with_what_lets_it_go_on(fields, said):
    assert stopped(tenant("acme", **fields)) == said
