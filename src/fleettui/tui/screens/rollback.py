"""The rollback dialog: checkpoints at the left, at the right what going back would do."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.client import Client
from fleettui.core.safe import one_line
from fleettui.core.views.queries import PreviewRollback, ReadCheckpoints
from fleettui.core.views.rows import CheckpointRow, RollbackPreview
from fleettui.tui.amounts import money, time_of_day
from fleettui.tui.blocks import Block
from fleettui.tui.feed import LOST
from fleettui.tui.parts import Line, Part, fit, fit_right
from fleettui.tui.widgets.strip_table import Item, StripTable
from fleettui.tui.widgets.strip_text import StripText


def checkpoint_line(row: CheckpointRow, width: int) -> Line:
    """Draw a checkpoint: its name, when, why, and how much came since."""
    name = row.id.rsplit("/", maxsplit=1)[-1]
    return (
        Part(f"{fit(name, min(max(len(name), 4), 8))} ", "accent"),
        Part(f"{time_of_day(row.at)} ", "dim"),
        Part(fit(row.why, max(width - 30, 4))),
        Part(fit_right(f"{row.entries:+d}", 5), "dim"),
        Part(fit_right(money(row.cost), 7), "dim"),
    )


def preview_blocks(preview: RollbackPreview) -> list[Block]:
    """Say what a rollback changes, and what it cannot undo."""
    entries = abs(preview.entries)
    way = "taken away" if preview.entries >= 0 else "given back"
    blocks = [
        Block("what will change", "bold"),
        Block(f"{entries} transcript entries are {way}", lead=(Part("- "),)),
    ]
    if preview.turn:
        blocks.append(Block(f"its open turn {preview.turn} begins again", lead=(Part("- "),)))
    groups = (
        ("vote reopened", preview.votes),
        ("approval voided", preview.approvals),
        ("message", preview.messages),
    )
    blocks += [
        Block(f"{title}: {line}", lead=(Part("- "),)) for title, lines in groups for line in lines
    ]
    blocks += [Block(""), Block("what cannot be undone", "need")]
    blocks += [Block(line, "need", (Part("! ", "need"),)) for line in preview.cannot_undo] or [
        Block("nothing: this agent has done nothing in the world since", "dim")
    ]
    blocks += [
        Block(""),
        Block("the agent's transcript and memory go back; files of the workspace stay", "dim"),
        Block("a checkpoint is taken first, so z takes this back", "dim"),
    ]
    return blocks


class RollbackScreen(ModalScreen[str | None]):
    """Gives the checkpoint to go back to, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("r", "roll_back", "roll back", show=False),
    ]

    def __init__(self, client: Client, fleet: str, agent: str) -> None:
        super().__init__(classes="dialog")
        self._client, self._fleet, self._agent = client, fleet, agent
        self._previewed = ""

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box wide")
        box.border_title = Content(f"roll back {one_line(self._agent)}")
        box.border_subtitle = Content("j k choose  r roll back  esc back")
        with box, Horizontal():
            yield StripTable(id="rollback-rows")
            yield StripText(id="rollback-preview")

    def on_mount(self) -> None:
        self.query_one("#rollback-preview", StripText).can_focus = False
        self.query_one(StripTable).focus()
        self.run_worker(self._read_checkpoints())

    async def _read_checkpoints(self) -> None:
        table = self.query_one(StripTable)
        try:
            rows = await self._client.read(ReadCheckpoints(self._fleet, self._agent))
        except LOST as error:
            self._show([Block(str(error), "fail")])
            return
        items = [Item(row.id, partial(checkpoint_line, row)) for row in rows]
        table.show(items, "no checkpoint yet\nc on the agent makes one")

    def on_strip_table_moved(self, event: StripTable.Moved) -> None:
        event.stop()
        if event.key:
            self.run_worker(self._preview(event.key), exclusive=True, group="preview")

    async def _preview(self, checkpoint: str) -> None:
        self._previewed = ""
        try:
            preview = await self._client.read(PreviewRollback(self._fleet, self._agent, checkpoint))
        except LOST as error:
            self._show([Block(str(error), "fail")])
            return
        self._show(preview_blocks(preview))
        self._previewed = checkpoint

    def _show(self, blocks: list[Block]) -> None:
        self.query_one("#rollback-preview", StripText).show(blocks)

    def action_roll_back(self) -> None:
        """Choose the checkpoint whose preview is on the screen."""
        if self._previewed and self._previewed == self.query_one(StripTable).cursor_key:
            self.dismiss(self._previewed)

    def action_leave(self) -> None:
        self.dismiss(None)
