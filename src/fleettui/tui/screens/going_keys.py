"""Going from a row to what it stands for, and from need to need."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.tui.blocks import Block
from fleettui.tui.screens.detail_keys import DetailKeys
from fleettui.tui.screens.fleet_keys import FleetKeys
from fleettui.tui.screens.inbox_keys import InboxKeys
from fleettui.tui.screens.tenant_keys import TenantKeys
from fleettui.tui.widgets.pane import Pane
from fleettui.tui.widgets.strip_table import StripTable


class GoingKeys(TenantKeys, InboxKeys, FleetKeys, DetailKeys):
    """Opens the row that enter was pressed on."""

    def pane(self, name: str) -> Pane:
        """Give a pane by its name."""
        return self.query_one(f"#{name}", Pane)

    def on_strip_table_opened(self, event: StripTable.Opened) -> None:
        event.stop()
        key = event.key
        kind, _, name = key.partition(":")
        match event.table.id, kind:
            case "agents-rows", _:
                self.open_subject("agent", key)
            case ("flows-rows", "flow") | ("queue-rows", "request"):
                self.open_subject("flow" if kind == "flow" else "request", name)
            case "flows-rows", "problem":
                self._tell_problem(int(name))
            case "flows-rows", _ if kind != "head":
                self._open_run(key)
            case "votes-rows", _:
                self._open_ballot(key)
            case "tenants-rows", "fleet":
                self.show_fleet(name)
            case "tenants-rows", _:
                self.action_scope()
            case "queue-rows", _:
                self.open_message(key)
            case "inbox-rows", _:
                self._open_item(key)

    def _open_item(self, key: str) -> None:
        row = self.inbox.row(key)
        if row is not None:
            self.open_item(row)

    def _tell_problem(self, place: int) -> None:
        """Show a problem whole: the pane has room for its beginning only."""
        if place < len(self.board.problems):
            blocks = [Block(self.board.problems[place])]
            self.choose("a file of flows", blocks, (), lambda _given: None)

    def _open_run(self, key: str) -> None:
        turn = next(
            (turn for run in self.board.runs for turn in run.turns if key == f"turn:{turn.id}"),
            None,
        )
        parts = [part for run in self.board.runs for part in run.parts]
        part = next((part for part in parts if key == f"part:{part.id}"), None)
        if part is not None and any(row.name == part.agent for row in self.board.agents):
            self.open_subject("agent", part.agent)
        elif part is not None:
            self.open_subject("run", part.run)
            self.detail.open_tab("Parts")
        elif turn is not None:
            self.open_subject("agent", turn.instance)
        else:
            self.open_subject("run", key)
            # While a run goes on it has no report, only parts.
            going = any(run.id == key and run.state == "running" for run in self.board.runs)
            self.detail.open_tab("Parts" if going else "Report")

    def _open_ballot(self, key: str) -> None:
        rows: Sequence[str] = [row.id for row in self.board.ballots]
        name = next((name for name in rows if f"{key}/".startswith(f"{name}/")), "")
        if name:
            self.open_subject("ballot", name)

    def action_need(self, way: int) -> None:
        """Go to the next thing that needs me: the inbox first, then agents that failed."""
        places = [("inbox", key) for key in self.inbox.table.keys]
        places += [
            ("agents", row.id) for row in self.board.agents if row.attention in {"fail", "stale"}
        ]
        if not places:
            self.say("nothing needs you", "done")
            return
        here = (
            self.active_pane.KIND,
            self.active_pane.table.cursor_key if self.active_pane.KIND != "detail" else "",
        )
        start = places.index(here) + way if here in places else 0 if way > 0 else -1
        name, key = places[start % len(places)]
        self.action_go(name)
        self.pane(name).table.select(key)
