"""The rollback dialog: checkpoints at the left, at the right what going back would do."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen

from fleettui.client import Client
from fleettui.core.grounds import RollbackPart
from fleettui.core.safe import one_line
from fleettui.core.views.queries import PreviewRollback, ReadCheckpoints
from fleettui.core.views.rows import CheckpointRow, RollbackPreview
from fleettui.tui.amounts import money, time_of_day
from fleettui.tui.blocks import Block
from fleettui.tui.detail_text import diff_lines, file_block
from fleettui.tui.feed import LOST
from fleettui.tui.parts import Line, Part, fit, fit_right
from fleettui.tui.widgets.strip_table import Item, StripTable
from fleettui.tui.widgets.strip_text import StripText

_ROOMY: Final = 40


class Chosen(NamedTuple):
    """A checkpoint to go back to, what goes back, and whether over what others changed."""

    checkpoint: str
    part: RollbackPart = "all"
    force: bool = False


def checkpoint_line(row: CheckpointRow, width: int) -> Line:
    """Draw a checkpoint: its name, when, why, and the files, entries and cost that came since."""
    name = row.id.rsplit("/", maxsplit=1)[-1]
    files = "-" if row.files is None else f"{row.files}f"
    if width < _ROOMY:
        return (
            Part(f"{fit(name, min(max(len(name), 4), 8))} ", "accent"),
            Part(fit(row.why, max(width - 18, 4))),
            Part(fit_right(files, 5), "run" if row.files else "dim"),
            Part(fit_right(f"{row.entries:+d}", 5), "dim"),
        )
    return (
        Part(f"{fit(name, min(max(len(name), 4), 8))} ", "accent"),
        Part(f"{time_of_day(row.at)} ", "dim"),
        Part(fit(row.why, max(width - 35, 4))),
        Part(fit_right(files, 5), "run" if row.files else "dim"),
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
        Block(_files_words(preview), lead=(Part("- "),)),
    ]
    if preview.turn:
        blocks.append(Block(f"its open turn {preview.turn} begins again", lead=(Part("- "),)))
    groups = (
        ("vote reopened", preview.votes),
        ("approval voided", preview.approvals),
        ("message", preview.messages),
        ("not in the checkpoint, stays", preview.left_out),
    )
    blocks += [
        Block(f"{title}: {line}", lead=(Part("- "),)) for title, lines in groups for line in lines
    ]
    if preview.foreign:
        blocks += [Block(""), Block("changed by somebody else: ! goes over it", "need")]
        blocks += [Block(line, "need", (Part("! ", "need"),)) for line in preview.foreign]
    blocks += [Block(""), Block("what cannot be undone", "need")]
    blocks += [Block(line, "need", (Part("! ", "need"),)) for line in preview.cannot_undo] or [
        Block("nothing: this agent has done nothing in the world since", "dim")
    ]
    blocks += [Block(""), Block("a checkpoint is taken first, so z takes this back", "dim")]
    if preview.files:
        blocks += [Block(""), Block("files", "bold")]
        blocks += [file_block(file) for file in preview.files]
        blocks += [Block(""), *diff_lines(preview.diff)]
    return blocks


def _files_words(preview: RollbackPreview) -> str:
    if not preview.commit:
        return preview.note or "only the transcript: it holds no files"
    if preview.note:
        return preview.note
    return f"{len(preview.files)} files go back" if preview.files else "no file differs"


class RollbackScreen(ModalScreen[Chosen | None]):
    """Gives the checkpoint to go back to, or to fork at; None for neither."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "back", show=False),
        Binding("r", "choose('all')", "roll back", show=False),
        Binding("t", "choose('transcript')", "transcript only", show=False),
        Binding("f", "choose('files')", "files only", show=False),
        Binding("exclamation_mark", "force", "over what others changed", show=False),
        Binding("J,ctrl+d,pagedown", "scroll(1)", "down in the preview", show=False),
        Binding("K,ctrl+u,pageup", "scroll(-1)", "up in the preview", show=False),
    ]

    def __init__(self, client: Client, fleet: str, agent: str, *, fork: bool = False) -> None:
        super().__init__(classes="dialog")
        self._client, self._fleet, self._agent, self._fork = client, fleet, agent, fork
        self._preview: RollbackPreview | None = None
        self._force = False

    def compose(self) -> ComposeResult:
        box = Vertical(classes="box wide")
        verb = "fork" if self._fork else "roll back"
        box.border_title = Content(f"{verb} {one_line(self._agent)}")
        keys = "f fork" if self._fork else "r both  t transcript only  f files only"
        box.border_subtitle = Content(f"j k choose  J K preview  {keys}  esc back")
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
            self.run_worker(self._read_preview(event.key), exclusive=True, group="preview")

    async def _read_preview(self, checkpoint: str) -> None:
        self._preview, self._force = None, False
        try:
            preview = await self._client.read(PreviewRollback(self._fleet, self._agent, checkpoint))
        except LOST as error:
            self._show([Block(str(error), "fail")])
            return
        self._show(preview_blocks(preview))
        self._preview = preview

    def _show(self, blocks: list[Block]) -> None:
        self.query_one("#rollback-preview", StripText).show(blocks)

    def action_choose(self, part: RollbackPart) -> None:
        """Choose the checkpoint whose preview is on the screen."""
        shown = self._preview
        if shown is None or self.query_one(StripTable).cursor_key != shown.checkpoint:
            return
        if self._fork:
            if part == "files":
                self.dismiss(Chosen(shown.checkpoint))
        elif part == "files" and not shown.commit:
            self._say("it holds no files: r or t takes the transcript back")
        elif part != "transcript" and shown.foreign and not self._force:
            self._say("somebody else changed files: ! goes over them, t leaves them alone")
        else:
            self.dismiss(Chosen(shown.checkpoint, part, self._force))

    def _say(self, text: str) -> None:
        if self._preview is not None:
            self._show([Block(text, "fail"), Block(""), *preview_blocks(self._preview)])

    def action_force(self) -> None:
        """Go over what others changed, after a second key."""
        if self._preview is not None and self._preview.foreign and not self._fork:
            self._force = True
            self._say("now r or f goes over what others changed; the checkpoint first keeps it")

    def action_scroll(self, way: int) -> None:
        """Scroll the preview."""
        text = self.query_one("#rollback-preview", StripText)
        text.scroll_relative(y=way * max(text.size.height // 2, 1), animate=False)

    def action_leave(self) -> None:
        self.dismiss(None)
