"""The desk: what every group of keys of the main screen works with."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from textual.screen import Screen
from textual.widget import Widget

from fleettui.client import Client
from fleettui.core.commands import OperatorCommand
from fleettui.core.model import Role
from fleettui.core.views.queries import AnyQuery
from fleettui.core.views.rows import Board, FleetRow, TenantRow, UsageRow
from fleettui.core.views.scope import scoped
from fleettui.tui.arming import Arming
from fleettui.tui.blocks import Block
from fleettui.tui.clock import Clock
from fleettui.tui.feed import LOST, Feed
from fleettui.tui.parts import Part, Tone
from fleettui.tui.screens.choice import Choice, ChoiceScreen
from fleettui.tui.screens.prompt import PromptScreen

W = TypeVar("W", bound=Widget)

NO_BOARD = Board("", 0, 0.0, (), (), (), (), (), (), (), UsageRow(0, 0, None), "", "ok")


class Step(NamedTuple):
    """A step that can be undone: what it was, the command that undoes it, and the step again."""

    words: str
    back: OperatorCommand
    again: OperatorCommand


class Outset(NamedTuple):
    """What a cockpit is opened with."""

    client: Client
    fleet: str
    offer_task: str
    base: str
    environment: dict[str, str] | None
    clock: Clock
    arming: Arming
    term: str


class Desk(Screen[str]):
    """Holds the board and sends commands; what goes wrong becomes a line, never a crash."""

    def __init__(self, outset: Outset) -> None:
        super().__init__()
        self.outset = outset
        self.client, self.clock, self.arming = outset.client, outset.clock, outset.arming
        self.fleet = outset.fleet
        # All that the operator may see; `board` is what of it is in the scope.
        self.whole = self.board = NO_BOARD
        self.scope = ""
        self.feed = Feed(self.client, self.refresh_all, self.complain)
        self.said = Part("")
        self.steps: list[Step] = []
        self.undone: list[Step] = []
        self._read_at = time.time()

    # --- what is shown ---------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Give the time of the fleet's clock, in seconds since 1970."""
        return self.board.now + max(time.time() - self._read_at, 0.0)

    @property
    def fleet_row(self) -> FleetRow | None:
        """Give the fleet shown."""
        return next((row for row in self.board.fleets if row.id == self.board.fleet), None)

    def take_board(self, board: Board) -> None:
        """Take a newer board, and show what of it is in the scope."""
        if self.scope and all(row.name != self.scope for row in board.tenants):
            self.scope = ""
        self.whole, self.board = board, scoped(board, self.scope)
        self._read_at = time.time()

    def role_in(self, tenant: str) -> Role | None:
        """Give what the operator may do in a tenant; None for one they don't see."""
        return next((row.role for row in self.whole.tenants if row.name == tenant), None)

    @property
    def tenant_shown(self) -> TenantRow | None:
        """Give the tenant in the scope, or that of the fleet shown."""
        fleet = self.fleet_row
        name = self.scope or (fleet.tenant if fleet else "")
        return next((row for row in self.whole.tenants if row.name == name), None)

    async def refresh_all(self) -> None:
        """Read the board again and show it."""
        raise NotImplementedError

    def show_all(self) -> None:
        """Draw what is of the board again."""
        raise NotImplementedError

    def scope_to(self, tenant: str) -> None:
        """Show only what is of a tenant; with an empty name all again."""
        raise NotImplementedError

    def show_status(self) -> None:
        """Draw the status line again."""
        raise NotImplementedError

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Write into the status line."""
        self.said = Part(text, tone)
        self.show_status()

    def complain(self, text: str) -> None:
        """Write an error into the status line."""
        self.say(text, "fail")

    # --- what is done ----------------------------------------------------------------------------

    def start(self, work: Awaitable[Any], *, group: str = "keys") -> None:
        """Run the rest of a key's work beside the screen."""
        self.run_worker(work, group=group, exit_on_error=True)

    async def carry_out(self, command: OperatorCommand, done: str = "") -> str | None:
        """Send a command; gives its answer, or None when it was refused, which is shown."""
        try:
            answer = await self.client.send(command)
        except LOST as error:
            self.complain(str(error) or type(error).__name__)
            return None
        if done:
            self.say(done, "done")
        self.feed.mark()
        return answer

    async def carry_step(self, step: Step, done: str) -> None:
        """Send the command of a step, and remember how it is undone."""
        if await self.carry_out(step.again, done) is not None:
            self.remember(step)

    async def carry_out_all(self, commands: Sequence[OperatorCommand], done: str) -> int:
        """Send commands one after another; gives how many were carried out."""
        count = 0
        for command in commands:
            if await self.carry_out(command) is not None:
                count += 1
        if count and count == len(commands):
            self.say(done, "done")
        return count

    def read_first(self, query: AnyQuery, use: Callable[[Any], None]) -> None:
        """Ask something and go on with the answer; a refusal is shown."""

        async def reading() -> None:
            try:
                answer = await self.client.read(query)
            except LOST as error:
                self.complain(str(error))
                return
            use(answer)

        self.start(reading())

    def remember(self, step: Step) -> None:
        """Keep a step so that z undoes it."""
        self.steps = [*self.steps[-19:], step]
        self.undone = []
        self.show_status()

    # --- what is asked ---------------------------------------------------------------------------

    def ask(
        self,
        title: str,
        use: Callable[[str], None],
        *,
        value: str = "",
        hint: str = "",
        suggestions: tuple[str, ...] = (),
        required: bool = True,
    ) -> None:
        """Ask for a line of text and go on with it; esc goes on with nothing."""
        prompt = PromptScreen(
            title, value=value, hint=hint, suggestions=suggestions, required=required
        )
        self.app.push_screen(prompt, lambda text: use(text) if text is not None else None)

    def choose(
        self,
        title: str,
        text: Sequence[Block],
        choices: Sequence[Choice],
        use: Callable[[str], None],
    ) -> None:
        """Offer keys and go on with what the pressed one gives."""
        screen = ChoiceScreen(title, text, choices, clock=self.clock)
        self.app.push_screen(screen, lambda given: use(given) if given else None)

    def confirm(self, title: str, text: str, use: Callable[[], None]) -> None:
        """Ask once more, and go on after yes."""
        yes = (Choice("y", "y", "yes", "yes"),)
        self.choose(title, [Block(text)], yes, lambda _given: use())
