"""Names that people type: a fleet's id, what its tenant calls it, and what is refused."""

from __future__ import annotations

import pytest
from boards import agent
from tenant_boards import fleet

from fleettui.cli.names import find_agent, find_fleet, find_receiver
from fleettui.core.errors import Ambiguous, NotFound

FLEETS = (fleet("default", "web"), fleet("acme", "web"), fleet("acme", "api"))
BOTH = (*FLEETS, fleet("globex", "api"))
AGENTS = tuple(
    agent(name, fleet=row.id, entry="w")
    for row in FLEETS
    for name in (("w-1", "w-2") if row.id == "api@acme" else ("a",))
)


@pytest.mark.parametrize(
    ("text", "found"), [("web", "web"), ("web@acme", "web@acme"), ("api", "api@acme")]
)
def test_a_fleet_is_found_by_its_id_before_what_its_tenant_calls_it(text, found):
    assert find_fleet(FLEETS, text).id == found


def test_a_name_of_several_tenants_must_be_told_apart():
    with pytest.raises(Ambiguous, match="several fleets are named 'api'") as refused:
        find_fleet(BOTH, "api")
    assert refused.value.mend == "name one: api@acme, api@globex"
    with pytest.raises(NotFound):
        find_fleet(BOTH, "ap")


def test_agents_and_replicas_are_found_by_the_short_name_of_their_fleet_too():
    assert find_agent(AGENTS, "web/a").fleet == "web"
    assert find_agent(AGENTS, "web@acme/a").fleet == "web@acme"
    assert find_agent(AGENTS, "api/w-2").fleet == "api@acme"
    assert find_receiver(AGENTS, "api/w") == ("api@acme", "w")
    assert find_receiver(AGENTS, "api/w-1") == ("api@acme", "w-1")
    assert find_receiver(AGENTS, "web/a") == ("web", "a")
    with pytest.raises(NotFound):
        find_receiver(AGENTS, "pi/w")
