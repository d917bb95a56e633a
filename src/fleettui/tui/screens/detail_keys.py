"""The keys of the detail, and of what can be filtered, found and copied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from fleettui.core.sessions import session_name
from fleettui.core.tenancy import tenant_of
from fleettui.core.views.queries import (
    ReadCheckpoints,
    ReadDiff,
    ReadHealth,
    ReadLog,
    ReadMemory,
    ReadParts,
    ReadReport,
    ReadRequests,
    ReadSpec,
)
from fleettui.core.views.rows import AgentRow, PartRow, RequestRow
from fleettui.tui.blocks import Block, labelled
from fleettui.tui.detail_text import (
    ballot_blocks,
    checkpoint_blocks,
    diff_blocks,
    log_blocks,
    memory_blocks,
    message_blocks,
    messages_of,
    report_blocks,
    spec_blocks,
    turn_blocks,
)
from fleettui.tui.feed import LOST
from fleettui.tui.flow_text import flow_blocks, request_blocks
from fleettui.tui.health_text import health_blocks
from fleettui.tui.plan_text import part_blocks
from fleettui.tui.screens.desk import Desk
from fleettui.tui.widgets.detail import DetailPane, Kind, Subject
from fleettui.tui.widgets.inbox import InboxPane
from fleettui.tui.widgets.pane import Pane

# How many of its last requests the detail of a flow shows.
_MOST_REQUESTS: Final = 20


class DetailKeys(Desk):
    """Shows the detail of what was chosen."""

    @property
    def detail(self) -> DetailPane:
        """Give the pane of the detail."""
        return self.query_one(DetailPane)

    @property
    def active_pane(self) -> Pane:
        """Give the pane that is in front."""
        raise NotImplementedError

    def action_go(self, name: str) -> None:
        """Go to a pane."""
        raise NotImplementedError

    def follow_agent(self, agent: str) -> None:
        """Show the agent the cursor is on, as long as nothing else was opened."""
        if agent and self.detail.subject.kind in {"agent", "nothing"}:
            self.detail.turn_to(Subject("agent", agent))
            self.feed.mark()

    def open_subject(self, kind: Kind, name: str) -> None:
        """Show a thing in the detail, and go there."""
        self.detail.turn_to(Subject(kind, name))
        self.action_go("detail")
        self.feed.mark()

    def open_message(self, name: str) -> None:
        """Show a message of the queue whole, in the detail of its receiver."""
        row = next((row for row in self.board.messages if row.id == name), None)
        if row is not None and any(agent.id == row.to for agent in self.board.agents):
            self.detail.turn_to(Subject("agent", row.to))
            self.detail.open_tab("Msgs")
            self.action_go("detail")
            self.feed.mark()

    async def read_detail(self) -> None:
        """Read what the open tab shows; a refusal is shown in its place."""
        asked = self.detail.subject, self.detail.tab
        try:
            blocks = await self._blocks(*asked)
        except LOST as error:
            blocks = [Block(str(error), "fail")]
        if asked == (self.detail.subject, self.detail.tab):
            self.detail.show(blocks)

    async def _blocks(self, subject: Subject, tab: str) -> Sequence[Block]:
        if tab == "Memory":
            return memory_blocks(await self.client.read(ReadMemory(self.board.fleet)), self.now)
        match subject.kind:
            case "agent":
                return await self._agent_blocks(subject.id, tab)
            case "run":
                return await self._run_blocks(subject.id, tab)
            case "ballot":
                ballot = next((row for row in self.board.ballots if row.id == subject.id), None)
                return ballot_blocks(ballot) if ballot else [_gone()]
            case "flow":
                return await self._flow_blocks(subject.id)
            case "request":
                tenant, _, name = subject.id.partition("/")
                asked = ReadRequests(request=name, tenant=tenant)
                found: Sequence[RequestRow] = await self.client.read(asked)
                return request_blocks(found[0], self.now) if found else [_gone()]
            case "nothing":
                return [Block("choose an agent or a run: enter shows it here", "dim")]

    async def _agent_blocks(self, agent: str, tab: str) -> Sequence[Block]:
        fleet = self.board.fleet
        match tab:
            case "Log":
                rows = await self.client.read(ReadLog(fleet, agent))
                _, streamed = self.feed.speaking.get((fleet, agent), ("", ""))
                going = self.feed.progress(fleet, agent)
                return log_blocks(rows, streamed, going, times=self.detail.times)
            case "Diff":
                rows = await self.client.read(ReadLog(fleet, agent, full=True))
                waiting = [
                    row for row in self.board.inbox if (row.fleet, row.agent) == (fleet, agent)
                ]
                diff = await self.client.read(ReadDiff(fleet, agent))
                return diff_blocks(diff, rows, waiting)
            case "Msgs":
                rows = await self.client.read(ReadLog(fleet, agent))
                return message_blocks(messages_of(self.board, agent), rows)
            case "Checkpoints":
                return checkpoint_blocks(await self.client.read(ReadCheckpoints(fleet, agent)))
            case "Health":
                looks = await self.client.read(ReadHealth(fleet, agent))
                alerts = [row for row in self.board.alerts if row.agent == agent]
                return health_blocks(looks, alerts, self.now)
            case _:
                row = next((row for row in self.board.agents if row.id == agent), None)
                spec = await self.client.read(ReadSpec(fleet))
                if row is None:
                    return [_gone()]
                about = labelled(
                    "now", f"{row.status} {row.type} {row.model} weight {row.weight:g}"
                )
                return [about, *spec_blocks(spec, row.entry)]

    async def _flow_blocks(self, name: str) -> Sequence[Block]:
        row = next((row for row in self.board.flows if f"{row.tenant}/{row.flow}" == name), None)
        if row is None:
            return [_gone()]
        asked = ReadRequests(flow=row.flow, most=_MOST_REQUESTS, tenant=row.tenant)
        return flow_blocks(row, await self.client.read(asked), self.now)

    async def _run_blocks(self, name: str, tab: str) -> Sequence[Block]:
        run = next((row for row in self.board.runs if row.id == name), None)
        if run is None:
            return [_gone()]
        if tab == "Report" and run.report:
            return report_blocks(await self.client.read(ReadReport(run.fleet, run.id)), run)
        if tab == "Parts":
            rows: Sequence[PartRow] = await self.client.read(ReadParts(run.fleet, run.id))
            known = {row.id for row in rows}
            later = [row for row in run.parts if row.id not in known]
            return part_blocks([*rows, *later], run.mode)
        return report_blocks("", run) if tab == "Report" else turn_blocks(run)

    # --- keys ------------------------------------------------------------------------------------

    def action_log(self) -> None:
        """Show the log of the agent under the cursor, or the terminal of one that has its own."""
        key = self.query_one("#agents", Pane).table.cursor_key
        row = next((one for one in self.board.agents if one.id == key), None)
        if row is not None and row.type == "tmux" and self._show_session(row):
            return
        if key:
            self.detail.turn_to(Subject("agent", key))
            self.detail.open_tab("Log")
            self.action_go("detail")
            self.feed.mark()

    def _show_session(self, row: AgentRow) -> bool:
        """Let the terminal show an agent's session; False where it can't, or nobody may type."""
        tenant = tenant_of(row.fleet)
        if any(one.name == tenant and one.role == "viewer" for one in self.board.tenants):
            return False
        show = getattr(self.app._driver, "show_session", None)  # noqa: SLF001 as in signals.py
        if show is None:
            return False
        show(session_name(row.fleet, row.id))
        return True

    def action_tab(self, way: int) -> None:
        """Open the next tab."""
        self.detail.next_tab(way)
        self.feed.mark()

    def action_follow(self) -> None:
        """Follow the end of the text, or stop following."""
        text = self.detail.text
        text.following = not text.following
        if text.following:
            text.scroll_end(animate=False, immediate=True)
        self.detail.name_it()

    def action_times(self) -> None:
        """Show times of day in the log, or not."""
        self.detail.times = not self.detail.times
        self.feed.mark()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.detail.text.toggle_wrap()

    def action_filter(self) -> None:
        """Filter the rows of the pane in front, or search the detail."""
        pane = self.active_pane
        if pane is self.detail:
            self.ask("search", self._search, required=False)
        else:
            hint = "words that must be there; st:need tenant:acme agent:x, !word must not"
            self.ask(
                f"filter {pane.NAME.lower()}", partial(self._filter, pane),
                value=pane.filter_text, hint=hint, required=False,
            )  # fmt: skip

    def _search(self, text: str) -> None:
        if not text:
            self.detail.text.forget_search()
        elif not self.detail.text.find(text):
            self.complain(f"'{text}' is not there")

    def _filter(self, pane: Pane, text: str) -> None:
        pane.set_filter(text)
        self.feed.mark()

    def action_found(self, way: int) -> None:
        """Go to the next place found, or the one before."""
        if not self.detail.text.find_on(way):
            self.complain("nothing more is found: / searches the detail")

    def action_back(self) -> None:
        """Clear marks and filter of the pane in front; leave the detail, the zoom and messages.

        Where there was nothing of that, show all tenants again.
        """
        pane = self.active_pane
        zoomed = self.has_class("-zoomed")
        self.set_class(False, "-zoomed")
        self.say("")
        if pane is self.detail:
            self.detail.text.forget_search()
            self.action_go("agents")
            self.follow_agent_here()
            return
        narrowed = zoomed or bool(pane.table.marked) or bool(pane.filter_text)
        pane.table.clear_marks()
        if pane.filter_text:
            self._filter(pane, "")
        if self.scope and not narrowed:
            self.scope_to("")

    def follow_agent_here(self) -> None:
        """Show the agent under the cursor again."""
        key = self.query_one("#agents", Pane).table.cursor_key
        self.detail.turn_to(Subject("agent", key) if key else Subject())
        self.feed.mark()

    def action_copy(self) -> None:
        """Copy what the pane in front shows, through the terminal (OSC 52)."""
        pane = self.active_pane
        text = self._copied(pane)
        self.app.copy_to_clipboard(text)
        self.say(f"copied {len(text.splitlines())} lines", "done")

    def _copied(self, pane: Pane) -> str:
        if pane is self.detail:
            return self.detail.text.text()
        if isinstance(pane, InboxPane):
            return pane.preview.text()
        return pane.table.text()


def _gone() -> Block:
    return Block("this is not there any more", "dim")
