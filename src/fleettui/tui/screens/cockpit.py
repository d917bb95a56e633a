"""The main screen: the seven panes, fed from the board."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches

from fleettui.core.tenancy import tenant_of
from fleettui.core.views.queries import ReadBoard
from fleettui.core.views.rows import Board
from fleettui.core.views.scope import first_fleet
from fleettui.tui.keymap import SCOPES, bindings_of, footer_of
from fleettui.tui.screens.branch_keys import BranchKeys
from fleettui.tui.screens.desk import Outset
from fleettui.tui.screens.flow_keys import FlowKeys
from fleettui.tui.screens.going_keys import GoingKeys
from fleettui.tui.screens.inbox_item import ItemScreen
from fleettui.tui.screens.queue_keys import QueueKeys
from fleettui.tui.screens.run_keys import RunKeys
from fleettui.tui.screens.signals import Signals
from fleettui.tui.widgets.agents import AgentsPane
from fleettui.tui.widgets.bars import (
    footer_line,
    header_line,
    held_line,
    is_held,
    status_lines,
    tabs_line,
)
from fleettui.tui.widgets.detail import DetailPane
from fleettui.tui.widgets.flows import FlowsPane
from fleettui.tui.widgets.inbox import InboxPane
from fleettui.tui.widgets.line_bar import LineBar
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.queue import QueuePane
from fleettui.tui.widgets.strip_table import StripTable
from fleettui.tui.widgets.strip_text import StripText
from fleettui.tui.widgets.tenants import TenantsPane
from fleettui.tui.widgets.votes import VotesPane

_ORDER = ("tenants", "flows", "agents", "queue", "votes", "inbox", "detail")
# While a run is on, or something is about to expire, ages are shown to the second.
_FINE, _COARSE = 1.0, 60.0
_SOON = 180.0


class CockpitScreen(BranchKeys, QueueKeys, RunKeys, FlowKeys, GoingKeys, Signals):
    """Lays the panes out and hands each its rows."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("everywhere")]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 declared by Textual
        (0, "-narrow"),
        (60, "-tabbed"),
        (100, "-wide"),
        (160, "-vast"),
    ]
    AUTO_FOCUS = "#agents-rows"

    def __init__(self, outset: Outset) -> None:
        super().__init__(outset)
        self._active = "agents"
        self._operators = 1
        self._offered = False
        self._seen_needs: list[str] = []

    def compose(self) -> ComposeResult:
        # Every class that is put on later styles the whole tree once more.
        self.add_class("-agents", self._width_class())
        yield LineBar(id="header")
        yield LineBar(id="held")
        yield LineBar(id="tabs")
        with Horizontal(id="columns"):
            with Vertical(id="left", classes="column"):
                yield TenantsPane()
                yield FlowsPane()
            with Vertical(id="middle", classes="column -active"):
                yield AgentsPane("-active")
                yield DetailPane()
            with Vertical(id="right", classes="column"):
                yield InboxPane()
                yield VotesPane()
                yield QueuePane()
        yield LineBar(id="status")
        yield LineBar(id="footer")

    def _width_class(self) -> str:
        """Give the class that Textual will put on for the present width."""
        width = self.app.size.width
        return max(pair for pair in self.HORIZONTAL_BREAKPOINTS or () if pair[0] <= width)[1]

    def on_mount(self) -> None:
        self._tick = self.set_interval(_FINE, self._show_ages, pause=True)
        self._slow_tick = self.set_interval(_COARSE, self._show_ages, pause=True)
        self.show_all()
        self._activate("agents")
        self.run_worker(self.feed.run(), group="feed")

    # --- what is shown ---------------------------------------------------------------------------

    async def refresh_all(self) -> None:
        """Read the board again and show it."""
        try:
            await self._read_all()
        except NoMatches:
            # A screen that is leaving loses its rows before its feed ends.
            if self.is_running and all(pane.children for pane in self.query(Pane)):
                raise

    async def _read_all(self) -> None:
        board: Board = await self.client.read(ReadBoard(self.fleet))
        if self.scope and tenant_of(board.fleet) != self.scope:
            # The first fleet of a tenant that had none.
            first = first_fleet(board, self.scope)
            board = await self.client.read(ReadBoard(first)) if first else board
        self._operators = await self.client.operators()
        before = self.board.fleet
        self.take_board(board)
        self.fleet = self.board.fleet or ("" if self.scope else self.fleet)
        self.show_all()
        if before not in {"", self.board.fleet}:
            self.follow_agent_here()
        await self.read_detail()
        self.signal()
        self._offer()

    def show_all(self) -> None:
        """Hand every pane the board; the tenants are all there, whatever the scope."""
        for pane in self.query(Pane):
            board = self.whole if isinstance(pane, TenantsPane) else self.board
            pane.fill(board, self.now, fine=self._fine)
        board, operators = self.board, self._operators
        self.set_class(any(row.verdict is None for row in board.ballots[:1]), "-voting")
        others = len(self.whole.inbox) - len(board.inbox)
        self.query_one("#header", LineBar).show(partial(
            header_line, board, self.client.operator, operators,
            tenants=len(self.whole.tenants), scope=self.scope, others=others,
        ))  # fmt: skip
        self._show_hold()
        self.show_tabs()
        self.show_status()
        self._show_footer()
        self._set_ticking()
        self._update_item()
        self.call_after_refresh(self.aim)

    def _show_hold(self) -> None:
        """Say over everything that nothing begins, as long as nothing does."""
        bar, tenant = self.query_one("#held", LineBar), self.tenant_shown
        held = tenant is not None and is_held(tenant)
        if bar.display != held:
            bar.display = held
        if tenant is not None and held:
            bar.show(partial(held_line, tenant))

    def show_tabs(self) -> None:
        """Draw the tab bar again."""
        self.query_one("#tabs", LineBar).show(partial(tabs_line, self.board, self._active))

    def show_status(self) -> None:
        undo = self.steps[-1].words if self.steps else ""
        said = self.said if self.said.text else self.hint
        first, *below = status_lines(said, undo, self.board, self.size.width)
        bar = self.query_one("#status", LineBar)
        bar.show(lambda _width: first)
        bar.spill(below)

    def _show_footer(self) -> None:
        scopes = [scope for scope in SCOPES if scope == self._active]
        role = self.tenant_shown.role if self.tenant_shown else "admin"
        keys, common = footer_of(*scopes, role=role), footer_of("everywhere", role=role)
        if not self.board.flows:
            keys = tuple(key for key in keys if key.id != "flows.message")
        self.query_one("#footer", LineBar).show(partial(footer_line, keys, common))

    @property
    def _fine(self) -> bool:
        running = any(row.running for row in self.board.fleets)
        ends = [row.expires_at for row in self.board.inbox if row.expires_at]
        return running or any(end - self.now < _SOON for end in ends)

    def _set_ticking(self) -> None:
        """Tick only as long as something that is shown grows older."""
        fine = self._fine
        self._tick.resume() if fine else self._tick.pause()
        ages = bool(self.board.inbox or self.board.agents)
        self._slow_tick.resume() if ages and not fine else self._slow_tick.pause()

    def _show_ages(self) -> None:
        for pane in (AgentsPane, InboxPane, QueuePane, FlowsPane, VotesPane):
            self.query_one(pane).fill(self.board, self.now, fine=self._fine)
        self._set_ticking()
        self.signal()

    def _update_item(self) -> None:
        """Keep an open item as it is now."""
        screen = self.app.screen
        if isinstance(screen, ItemScreen):
            rows = {row.id: row for row in self.board.inbox}
            screen.show_row(rows.get(screen.row.id))

    def _offer(self) -> None:
        task = self.outset.offer_task or self.board.default_task
        row = self.fleet_row
        if self._offered or row is None:
            return
        self._offered = True
        if task and not self.board.runs and row.state == "open" and self.is_current:
            self.offer_task()

    # --- panes -----------------------------------------------------------------------------------

    @property
    def active_pane(self) -> Pane:
        """Give the pane that is in front."""
        return self.pane(self._active)

    def _activate(self, name: str) -> None:
        self._active = name
        for pane in self.query(Pane):
            pane.set_class(name == pane.KIND, "-active")
            column = pane.parent
            if name == pane.KIND and column is not None:
                for each in self.query(".column"):
                    each.set_class(each is column, "-active")
        self.set_class(name == "inbox", "-inbox")
        self.set_class(name == "flows", "-flows")
        self.set_class(name == "tenants", "-tenants")
        self.set_class(name == "agents", "-agents")
        self.show_tabs()
        self._show_footer()

    def action_go(self, name: str) -> None:
        """Go to a pane."""
        self._activate(name)
        self.pane(name).view.focus()

    def action_go_on(self, way: int) -> None:
        """Go to the next pane, or the one before."""
        self.action_go(_ORDER[(_ORDER.index(self._active) + way) % len(_ORDER)])

    def action_zoom(self, alone: bool) -> None:
        """Show the active pane alone, or all."""
        self.set_class(alone, "-zoomed")
        self.call_after_refresh(self.aim)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        pane = next((node for node in event.widget.ancestors if isinstance(node, Pane)), None)
        if pane is not None and self._active != pane.KIND:
            self._activate(pane.KIND)
        self.arming.show(None, self.clock())
        self.call_after_refresh(self.aim)

    def on_screen_resume(self) -> None:
        self.arming.show(None, self.clock())
        self.call_after_refresh(self.aim)

    # --- rows ------------------------------------------------------------------------------------

    def on_strip_table_moved(self, event: StripTable.Moved) -> None:
        event.stop()
        if event.table.id == "inbox-rows":
            self.inbox.show_item()
            self.arming.show(None, self.clock())
            self.call_after_refresh(self.aim)
        elif event.table.id == "agents-rows":
            self.follow_agent(event.key)
        elif event.table.id == "tenants-rows":
            self.query_one(TenantsPane).show_budget()

    def on_strip_text_scrolled(self, event: StripText.Scrolled) -> None:
        event.stop()
        self.call_after_refresh(self.aim)
        self.query_one(DetailPane).name_it()
