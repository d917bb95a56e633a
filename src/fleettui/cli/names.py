"""Names as people type them: `agent`, `fleet/agent`, or a number from the inbox.

A fleet is meant by its id, or by what its tenant calls it where no other has that id.
"""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.errors import Ambiguous, NotFound
from fleettui.core.tenancy import short_id
from fleettui.core.views.rows import AgentRow, FleetRow, InboxRow


def find_agent(rows: Sequence[AgentRow], text: str) -> AgentRow:
    """Find the one agent that is meant; raises NotFound or Ambiguous, naming candidates."""
    found = [row for row in rows if text in {row.id, f"{row.fleet}/{row.id}"}]
    found = found or [row for row in rows if text == f"{short_id(row.fleet)}/{row.id}"]
    if not found:
        names = ", ".join(f"{row.fleet}/{row.id}" for row in rows)
        raise NotFound(f"no agent is named '{text}'", f"there are: {names or 'none'}")
    if len(found) > 1:
        names = ", ".join(f"{row.fleet}/{row.id}" for row in found)
        raise Ambiguous(f"several agents are named '{text}'", f"name one: {names}")
    return found[0]


def find_receiver(rows: Sequence[AgentRow], text: str) -> tuple[str, str]:
    """Find the fleet and the agent, or the entry of replicas, that a message is for."""
    for name_of in (str, short_id):
        entries = {
            (row.fleet, row.entry)
            for row in rows
            if text in {row.entry, f"{name_of(row.fleet)}/{row.entry}"}
        }
        agents = any(text in {row.id, f"{name_of(row.fleet)}/{row.id}"} for row in rows)
        if len(entries) == 1 and not agents:
            return next(iter(entries))
        if entries or agents:
            break
    row = find_agent(rows, text)
    return row.fleet, row.id


def find_fleet(rows: Sequence[FleetRow], text: str) -> FleetRow:
    """Find the fleet that is meant; with no name there must be only one that is open."""
    found = [row for row in rows if (row.id == text if text else row.state == "open")]
    found = found or [row for row in rows if text and short_id(row.id) == text]
    names = ", ".join(row.id for row in rows)
    if not found:
        what = f"no fleet is named '{text}'" if text else "no fleet is open"
        raise NotFound(what, f"there are: {names}" if names else "fleettui open FILE opens one")
    if len(found) > 1:
        what = f"several fleets are named '{text}'" if text else "several fleets are open"
        raise Ambiguous(what, f"name one: {', '.join(row.id for row in found)}")
    return found[0]


def find_item(rows: Sequence[InboxRow], text: str) -> InboxRow:
    """Find an inbox item by its id, or by the number at its end where that is enough."""
    wanted = text.removeprefix("#")
    found = [row for row in rows if row.id == wanted]
    found = found or [row for row in rows if row.id.rsplit("/", 1)[-1] == wanted]
    if not found:
        raise NotFound(f"nothing in the inbox has the id '{text}'", "fleettui inbox lists it")
    if len(found) > 1:
        raise Ambiguous(f"'{text}' fits several", ", ".join(row.id for row in found))
    return found[0]
