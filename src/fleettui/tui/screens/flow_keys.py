"""The keys of a flow: give it a message by hand."""

from __future__ import annotations

from functools import partial

from fleettui.core.commands.requests import SendToFlow
from fleettui.core.views.rows import FlowRow
from fleettui.tui.screens.desk import Desk
from fleettui.tui.widgets.detail import DetailPane
from fleettui.tui.widgets.flow_lines import flow_key
from fleettui.tui.widgets.flows import FlowsPane


class FlowKeys(Desk):
    """Acts on the flow under the cursor, or in the detail."""

    def _flow(self) -> FlowRow | None:
        detail = self.query_one(DetailPane).subject
        key = self.query_one(FlowsPane).table.cursor_key
        rows = {flow_key(row): row for row in self.board.flows}
        return rows.get(key) or (rows.get(f"flow:{detail.id}") if detail.kind == "flow" else None)

    def action_message_flow(self) -> None:
        """Ask for a message and give it to the flow, as if it had come by its trigger."""
        row = self._flow()
        if row is None:
            self.complain("no flow is chosen: the lines under 'flows' are")
            return
        self.ask(f"message to {row.flow}", partial(self._send_to_flow, row))

    def _send_to_flow(self, row: FlowRow, text: str) -> None:
        self.start(self._sending(row, SendToFlow(row.tenant, text, row.flow)))

    async def _sending(self, row: FlowRow, command: SendToFlow) -> None:
        request = await self.carry_out(command)
        if request is not None:
            self.say(f"{row.flow} has it: {request}", "done")
