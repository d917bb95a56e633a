"""The keys of the agents pane: start, pause, stop, checkpoint, roll back, message."""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from fleettui.core.commands import (
    MakeCheckpoint,
    MoveAgent,
    OperatorCommand,
    RollBack,
    SendMessage,
)
from fleettui.core.model import Payload
from fleettui.core.views.rows import AgentRow
from fleettui.tui.screens.desk import Desk, Step
from fleettui.tui.screens.rollback import Chosen, RollbackScreen
from fleettui.tui.widgets.agents import AgentsPane
from fleettui.tui.widgets.detail import DetailPane

Wanted = Literal["start", "pause", "stop"]
_DONE: Final = {
    "start": "started", "resume": "resumed", "restart": "restarted", "pause": "paused",
    "stop": "stopped", "remove": "removed",
}  # fmt: skip


class AgentKeys(Desk):
    """Acts on the agents that are marked, or on the one under the cursor."""

    @property
    def agents(self) -> AgentsPane:
        """Give the pane of the agents."""
        return self.query_one(AgentsPane)

    @property
    def agent_here(self) -> AgentRow | None:
        """Give the agent under the cursor."""
        key = self.agents.table.cursor_key
        return next((row for row in self.board.agents if row.id == key), None)

    def _chosen_agents(self) -> list[AgentRow]:
        rows = {row.id: row for row in self.board.agents}
        chosen = [rows[key] for key in self.agents.table.chosen() if key in rows]
        if not chosen:
            self.complain("no agent is chosen: 3 goes to the agents")
        return chosen

    def action_move(self, wanted: Wanted) -> None:
        """Start, pause or stop; what is marked together is confirmed together."""
        rows = self._chosen_agents()
        if len(rows) > 1:
            tenants = ", ".join(sorted({row.tenant for row in rows}))
            names = ", ".join(row.name for row in rows)
            self.confirm(
                f"{wanted} {len(rows)} agents",
                f"{wanted} {len(rows)} agents of tenant {tenants}?\n\n{names}",
                partial(self._move, rows, wanted),
            )
        elif rows:
            self._move(rows, wanted)

    def _move(self, rows: list[AgentRow], wanted: Wanted) -> None:
        self.agents.table.clear_marks()
        self.start(self._moving(rows, wanted))

    async def _moving(self, rows: list[AgentRow], wanted: Wanted) -> None:
        moves = [_move_of(row, wanted) for row in rows]
        what = rows[0].name if len(rows) == 1 else f"{len(rows)} agents"
        count = await self.carry_out_all(moves, f"{_DONE[moves[0].verb]} {what}")
        if count == len(rows) == 1 and moves[0].verb in {"pause", "resume"}:
            other: Literal["pause", "resume"] = "resume" if moves[0].verb == "pause" else "pause"
            back = MoveAgent(moves[0].fleet, moves[0].agent, other)
            self.remember(Step(f"{moves[0].verb} {what}", back, moves[0]))

    def action_checkpoint(self) -> None:
        """Make a checkpoint of each chosen agent."""
        rows = self._chosen_agents()
        made: list[OperatorCommand] = [MakeCheckpoint(row.fleet, row.id) for row in rows]
        what = rows[0].name if len(rows) == 1 else f"{len(rows)} agents"
        self.agents.table.clear_marks()
        self.start(self.carry_out_all(made, f"made a checkpoint of {what}"))

    def action_rollback(self) -> None:
        """Show an agent's checkpoints and what going back to one would do."""
        row = self.chosen_agent()
        if row is not None:
            screen = RollbackScreen(self.client, row.fleet, row.id)
            self.app.push_screen(screen, partial(self._roll_back, row))

    def chosen_agent(self) -> AgentRow | None:
        """Give the agent of the detail where that is in front, else the one under the cursor."""
        row = self._agent_in_detail() or self.agent_here
        if row is None:
            self.complain("no agent is chosen: 3 goes to the agents")
        return row

    def _agent_in_detail(self) -> AgentRow | None:
        detail = self.query_one(DetailPane)
        if not detail.has_focus_within or detail.subject.kind != "agent":
            return None
        return next((row for row in self.board.agents if row.id == detail.subject.id), None)

    def _roll_back(self, row: AgentRow, chosen: Chosen | None) -> None:
        if chosen is not None:
            self.start(self._rolling_back(row, chosen))

    async def _rolling_back(self, row: AgentRow, chosen: Chosen) -> None:
        command = RollBack(row.fleet, row.id, chosen.checkpoint, chosen.part, chosen.force)
        undo = await self.carry_out(command, f"rolled {row.name} back to {chosen.checkpoint}")
        if undo:
            back = RollBack(row.fleet, row.id, undo, chosen.part)
            self.remember(Step(f"rollback {row.name}", back, command))

    def action_message(self) -> None:
        """Write to the chosen agents."""
        rows = self._chosen_agents()
        if rows:
            to = ", ".join(row.name for row in rows)
            self.ask(f"message to {to}", partial(self._message, rows))

    def _message(self, rows: list[AgentRow], text: str) -> None:
        sent: list[OperatorCommand] = [
            SendMessage(row.fleet, row.id, Payload(text)) for row in rows
        ]
        self.agents.table.clear_marks()
        self.start(self.carry_out_all(sent, f"sent to {', '.join(row.name for row in rows)}"))

    def action_sort(self) -> None:
        """Sort by the next order."""
        self.agents.next_order()
        self.feed.mark()


def _move_of(row: AgentRow, wanted: Wanted) -> MoveAgent:
    """Give the move a key means for an agent in its present state."""
    if wanted != "start":
        return MoveAgent(row.fleet, row.id, wanted)
    if row.status == "paused":
        return MoveAgent(row.fleet, row.id, "resume")
    verb: Literal["start", "restart"] = "restart" if row.status == "failed" else "start"
    return MoveAgent(row.fleet, row.id, verb)
