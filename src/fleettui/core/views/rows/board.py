"""Everything a cockpit shows at once."""

from __future__ import annotations

from fleettui.core.views.rows.agents import AgentRow
from fleettui.core.views.rows.alerts import AlertRow
from fleettui.core.views.rows.ballots import BallotRow
from fleettui.core.views.rows.fleets import FleetRow, TenantRow, UsageRow
from fleettui.core.views.rows.flows import FlowRow, RequestRow
from fleettui.core.views.rows.inbox import InboxRow
from fleettui.core.views.rows.messages import MessageRow
from fleettui.core.views.rows.root import Row
from fleettui.core.views.rows.runs import RunRow


class Board(Row, frozen=True):
    """Everything the cockpit shows of a host, as of one moment, in display order.

    `seq` changes whenever anything changed. `fleet` is the fleet shown in detail; agents, runs,
    ballots, messages and alerts are of that fleet, inbox, tenants and flows of the whole host.
    `requests` are those that wait or are dead, `problems` what is wrong in the files of flows.
    """

    fleet: str
    seq: int
    now: float
    fleets: tuple[FleetRow, ...]
    tenants: tuple[TenantRow, ...]
    agents: tuple[AgentRow, ...]
    runs: tuple[RunRow, ...]
    messages: tuple[MessageRow, ...]
    ballots: tuple[BallotRow, ...]
    inbox: tuple[InboxRow, ...]
    usage: UsageRow
    default_task: str
    store: str
    alerts: tuple[AlertRow, ...] = ()
    flows: tuple[FlowRow, ...] = ()
    requests: tuple[RequestRow, ...] = ()
    problems: tuple[str, ...] = ()
