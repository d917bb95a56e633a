"""The board: everything the cockpit shows, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleettui.core.breaker import BreakerState
from fleettui.core.state.fleet import FleetState
from fleettui.core.views.agents import Looks, Waiting, agent_rows, usage_of
from fleettui.core.views.alerts import alert_rows
from fleettui.core.views.inbox import inbox_rows
from fleettui.core.views.memory import memory_state
from fleettui.core.views.outfit import Outfit
from fleettui.core.views.rows import Board, CacheRow, FleetRow, InboxRow, StatsRow, TenantRow
from fleettui.core.views.runs import ballot_rows, message_rows, run_rows
from fleettui.core.views.tenants import by_attention, whole_bill

# A board has the newest runs and ballots only; `fleettui runs` and `votes` list all.
MOST_SHOWN = 50


def fleet_row(state: FleetState) -> FleetRow:
    assert state.spec is not None
    running = state.running()
    return FleetRow(
        state.id, state.tenant, state.name, state.file, state.workspace,
        state.spec.spec.coordination.mode, "stopped" if state.stopped else "open",
        len(state.agents), len(inbox_rows(state)), running.id if running else "", state.warnings,
        *memory_state(state),
    )  # fmt: skip


def stats_row(
    states: Sequence[FleetState], cache: CacheRow, providers: Mapping[str, BreakerState]
) -> StatsRow:
    """Count what is in some fleets."""
    return StatsRow(
        len(states),
        sum(len(state.agents) for state in states),
        sum(len(state.runs) for state in states),
        sum(len(state.turns) for state in states),
        sum(state.seq for state in states),
        sum(len(state.messages) for state in states),
        sum(agent.bill.calls for state in states for agent in state.agents.values()),
        cache,
        dict(providers),
    )


def board(
    states: Sequence[FleetState],
    tenants: Sequence[TenantRow],
    shown: FleetState | None,
    outfit: Outfit,
    looks: Looks,
    waiting: Waiting,
    now: float,
    trouble: str,
    asked: Sequence[InboxRow] = (),
) -> Board:
    """Project all fleets of a host; one of them in detail; `asked` is of tenants as a whole."""
    inbox = [*asked, *(row for state in states for row in inbox_rows(state))]
    return Board(
        fleet=shown.id if shown else "",
        seq=sum(state.seq for state in states),
        now=now,
        fleets=tuple(fleet_row(state) for state in states),
        tenants=by_attention(tenants),
        agents=agent_rows(shown, outfit, looks, waiting) if shown else (),
        runs=run_rows(shown, MOST_SHOWN) if shown else (),
        messages=message_rows(shown) if shown else (),
        ballots=ballot_rows(shown, MOST_SHOWN) if shown else (),
        inbox=tuple(sorted(inbox, key=lambda row: (row.asked_at, row.id))),
        usage=usage_of(whole_bill([shown] if shown else [])),
        default_task=(shown.spec.spec.task or "") if shown and shown.spec else "",
        store=trouble or "ok",
        alerts=alert_rows(shown) if shown else (),
    )
