"""The keys of the queue: priority up and down, hold, retry a dead letter, drop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fleettui.core.commands import (
    DropMessage,
    HoldMessage,
    MoveMessage,
    OperatorCommand,
    ReleaseMessage,
    RestoreMessage,
    RetryMessage,
)
from fleettui.core.model import PRIORITIES, Priority
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
        rows = self._chosen_messages()
        moved = [(row, other) for row in rows if (other := _shifted(row.priority, way))]
        if rows and not moved:
            self.complain(f"{rows[0].priority} is as {'high' if way < 0 else 'low'} as it gets")
        self.start(self._carry_out([
            (f"{row.id} is {other}", Step(f"priority of {row.id}", _moved(row, row.priority),
                                          _moved(row, other)))
            for row, other in moved
        ]))  # fmt: skip

    def action_hold_message(self) -> None:
        """Keep messages from being delivered, or let them go; all as the first of them."""
        rows = self._chosen_messages()
        held = bool(rows and rows[0].held_by)
        rows = [row for row in rows if bool(row.held_by) is held]
        word, done = ("release", "is released") if held else ("hold", "is held: H releases it")
        self._do(rows, word, done, _released if held else _held, _held if held else _released)

    def action_retry(self) -> None:
        """Put dead letters back into the queue."""
        rows = [row for row in self._chosen_messages() if row.status == "dead"]
        if not rows:
            self.complain("that is no dead letter")
            return
        commands: list[OperatorCommand] = [RetryMessage(row.fleet, row.id) for row in rows]
        self.start(self.carry_out_all(commands, f"{len(rows)} waits again"))

    def action_drop(self) -> None:
        """Drop messages; z puts them back where they stood, except questions."""
        rows = self._chosen_messages()
        asked = [row for row in rows if row.kind == "question"]
        if len(rows) == 1 and not asked:
            self._drop(rows)
        elif rows:
            words = "\n".join(f"{row.id} from {row.sender} to {row.to}" for row in rows)
            last = "who asked a question is told, and it can't be brought back" if asked else ""
            self.confirm(
                f"drop {len(rows)} messages",
                f"drop {len(rows)} messages? {last or 'z puts them back'}\n\n{words}",
                lambda: self._drop(rows),
            )

    def _drop(self, rows: Sequence[MessageRow]) -> None:
        for_good = [row for row in rows if row.kind == "question"]
        back = [row for row in rows if row.kind != "question"]
        if for_good:
            self.start(self.carry_out_all([_dropped(row) for row in for_good], "dropped"))
        self._do(back, "drop", "is dropped: z puts it back", _dropped, _restored)

    def _do(
        self, rows: Sequence[MessageRow], word: str, done: str,
        command: Callable[[MessageRow], OperatorCommand],
        back: Callable[[MessageRow], OperatorCommand],
    ) -> None:  # fmt: skip
        """Carry out a command for each row, so that each can be undone."""
        self.queue.table.clear_marks()
        self.start(self._carry_out([
            (f"{row.id} {done}", Step(f"{word} {row.id}", back(row), command(row))) for row in rows
        ]))  # fmt: skip

    async def _carry_out(self, steps: Sequence[tuple[str, Step]]) -> None:
        for done, step in steps:
            await self.carry_step(step, done)


def _shifted(priority: Priority, way: int) -> Priority | None:
    place = PRIORITIES.index(priority) + way
    return PRIORITIES[place] if 0 <= place < len(PRIORITIES) else None


def _moved(row: MessageRow, priority: Priority) -> OperatorCommand:
    return MoveMessage(row.fleet, row.id, priority)


def _held(row: MessageRow) -> OperatorCommand:
    return HoldMessage(row.fleet, row.id)


def _released(row: MessageRow) -> OperatorCommand:
    return ReleaseMessage(row.fleet, row.id)


def _dropped(row: MessageRow) -> OperatorCommand:
    return DropMessage(row.fleet, row.id)


def _restored(row: MessageRow) -> OperatorCommand:
    return RestoreMessage(row.fleet, row.id)
