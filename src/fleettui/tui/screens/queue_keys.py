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
from fleettui.core.commands.requests import (
    DropRequest,
    HoldRequest,
    MoveRequest,
    ReleaseRequest,
    RetryRequest,
)
from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.views.rows import MessageRow, RequestRow
from fleettui.tui.flow_text import who
from fleettui.tui.screens.desk import Desk, Step
from fleettui.tui.widgets.queue import QueuePane, request_key

Waiting = MessageRow | RequestRow


class QueueKeys(Desk):
    """Acts on the messages and requests that are marked, or on the one under the cursor."""

    @property
    def queue(self) -> QueuePane:
        """Give the pane of the queue."""
        return self.query_one(QueuePane)

    def _chosen(self) -> list[Waiting]:
        rows: dict[str, Waiting] = {row.id: row for row in self.board.messages}
        rows |= {request_key(row): row for row in self.board.requests}
        chosen = [rows[key] for key in self.queue.table.chosen() if key in rows]
        if not chosen:
            self.complain("no message is chosen")
        return chosen

    def action_shift(self, way: int) -> None:
        """Raise (-1) or lower (1) the priority."""
        rows = self._chosen()
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
        rows = self._chosen()
        held = bool(rows and rows[0].held_by)
        rows = [row for row in rows if bool(row.held_by) is held]
        word, done = ("release", "is released") if held else ("hold", "is held: H releases it")
        self._do(rows, word, done, _released if held else _held, _held if held else _released)

    def action_retry(self) -> None:
        """Put dead letters back into the queue."""
        rows = [row for row in self._chosen() if row.status == "dead"]
        if not rows:
            self.complain("that is no dead letter")
            return
        commands = [_retried(row) for row in rows]
        self.start(self.carry_out_all(commands, f"{len(rows)} waits again"))

    def action_drop(self) -> None:
        """Drop messages; z puts them back, but not all of them: then it asks before."""
        rows = self._chosen()
        for_good = sum(_is_for_good(row) for row in rows)
        if len(rows) == 1 and not for_good:
            self._drop(rows)
        elif rows:
            words = "\n".join(_whose(row) for row in rows)
            last = f"{for_good} can't be brought back" if for_good else "z puts them back"
            self.confirm(
                f"drop {len(rows)} messages",
                f"drop {len(rows)} messages? {last}\n\n{words}",
                lambda: self._drop(rows),
            )

    def _drop(self, rows: Sequence[Waiting]) -> None:
        for_good = [row for row in rows if _is_for_good(row)]
        back = [row for row in rows if not _is_for_good(row)]
        if for_good:
            self.start(self.carry_out_all([_dropped(row) for row in for_good], "dropped"))
        self._do(back, "drop", "is dropped: z puts it back", _dropped, _restored)

    def _do(
        self, rows: Sequence[Waiting], word: str, done: str,
        command: Callable[[Waiting], OperatorCommand],
        back: Callable[[Waiting], OperatorCommand],
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


def _moved(row: Waiting, priority: Priority) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return MoveRequest(row.tenant, row.id, priority)
    return MoveMessage(row.fleet, row.id, priority)


def _held(row: Waiting) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return HoldRequest(row.tenant, row.id)
    return HoldMessage(row.fleet, row.id)


def _released(row: Waiting) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return ReleaseRequest(row.tenant, row.id)
    return ReleaseMessage(row.fleet, row.id)


def _retried(row: Waiting) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return RetryRequest(row.tenant, row.id)
    return RetryMessage(row.fleet, row.id)


def _dropped(row: Waiting) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return DropRequest(row.tenant, row.id)
    return DropMessage(row.fleet, row.id)


def _restored(row: Waiting) -> OperatorCommand:
    if isinstance(row, RequestRow):
        return RetryRequest(row.tenant, row.id)
    return RestoreMessage(row.fleet, row.id)


def _is_for_good(row: Waiting) -> bool:
    """Say whether a drop can't be undone: who asked a question is told, a dead request ran."""
    if isinstance(row, RequestRow):
        return row.status == "dead"
    return row.kind == "question"


def _whose(row: Waiting) -> str:
    """Name a message or request, and whom it is from and for."""
    if isinstance(row, RequestRow):
        return f"{row.id} from {who(row)} to {row.tenant}/{row.flow}"
    return f"{row.id} from {row.sender} to {row.to}"
