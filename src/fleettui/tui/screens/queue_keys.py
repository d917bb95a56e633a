"""The keys of the queue: priority up and down, retry a dead letter, drop."""

from __future__ import annotations

from functools import partial

from fleettui.core.commands import DropMessage, MoveMessage, OperatorCommand, RetryMessage
from fleettui.core.model import PRIORITIES
from fleettui.core.views.rows import MessageRow
from fleettui.tui.screens.desk import Desk, Step
from fleettui.tui.widgets.queue import QueuePane


class QueueKeys(Desk):
    """Acts on the messages that are marked, or on the one under the cursor."""

    @property
    def queue(self) -> QueuePane:
        """Give the pane of the queue."""
        return self.query_one(QueuePane)

    def _chosen_messages(self) -> list[MessageRow]:
        rows = {row.id: row for row in self.board.messages}
        chosen = [rows[key] for key in self.queue.table.chosen() if key in rows]
        if not chosen:
            self.complain("no message is chosen")
        return chosen

    def action_shift(self, way: int) -> None:
        """Raise (-1) or lower (1) the priority."""
        self.start(self._shifting(self._chosen_messages(), way))

    async def _shifting(self, rows: list[MessageRow], way: int) -> None:
        for row in rows:
            place = min(max(PRIORITIES.index(row.priority) + way, 0), len(PRIORITIES) - 1)
            if PRIORITIES[place] == row.priority:
                continue
            command = MoveMessage(row.fleet, row.id, PRIORITIES[place])
            if await self.carry_out(command, f"{row.id} is {PRIORITIES[place]}") is not None:
                back = MoveMessage(row.fleet, row.id, row.priority)
                self.remember(Step(f"priority of {row.id}", back, command))

    def action_retry(self) -> None:
        """Put dead letters back into the queue."""
        rows = [row for row in self._chosen_messages() if row.status == "dead"]
        if not rows:
            self.complain("that is no dead letter")
            return
        commands: list[OperatorCommand] = [RetryMessage(row.fleet, row.id) for row in rows]
        self.start(self.carry_out_all(commands, f"{len(rows)} waits again"))

    def action_drop(self) -> None:
        """Drop messages, after a yes: a dropped message can't be brought back."""
        rows = self._chosen_messages()
        if rows:
            words = "\n".join(f"{row.id} from {row.sender} to {row.to}" for row in rows)
            self.confirm(
                f"drop {len(rows)} messages",
                f"drop {len(rows)} messages? this can't be undone\n\n{words}",
                partial(self._drop, rows),
            )

    def _drop(self, rows: list[MessageRow]) -> None:
        self.queue.table.clear_marks()
        commands: list[OperatorCommand] = [DropMessage(row.fleet, row.id) for row in rows]
        self.start(self.carry_out_all(commands, f"dropped {len(rows)}"))
