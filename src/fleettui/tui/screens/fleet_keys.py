"""The keys about the whole fleet: tasks and runs, undo, reload, leave, typed commands."""

from __future__ import annotations

from typing import Final

from fleettui.core.commands import OpenFleet, StartRun, StopFleet
from fleettui.core.model import Payload
from fleettui.core.tenancy import tenant_of
from fleettui.tui.blocks import Block
from fleettui.tui.screens.choice import Choice
from fleettui.tui.screens.desk import Desk, Step
from fleettui.tui.screens.help import HelpScreen
from fleettui.tui.typed import SUGGESTIONS, TypedError, parse_typed

DETACH: Final = "detach"
STOP: Final = "stop"


class FleetKeys(Desk):
    """Acts on the fleet shown."""

    # --- tasks and runs --------------------------------------------------------------------------

    def action_task(self) -> None:
        """Ask for a task and run it."""
        value = self.outset.offer_task or self.board.default_task
        self.ask("task for the fleet", self.run_task, value=value)

    def run_task(self, text: str) -> None:
        """Start a run."""
        if not self.board.fleet:
            self.complain("no fleet is open: fleettui open FILE")
            return
        command = StartRun(self.board.fleet, Payload(text), base=self.outset.base)
        self.start(self.carry_out(command, f"started: {text}"))

    def offer_task(self) -> None:
        """Offer the default task of a fleet that has no run yet."""
        task = self.outset.offer_task or self.board.default_task
        self.choose(
            f"{self.board.fleet} is ready",
            [Block("press enter to run:"), Block(task, "bold", gutter=())],
            [
                Choice("enter", "enter", "run it now", "run"),
                Choice("t", "t", "another task", "other"),
            ],
            lambda given: self.run_task(task) if given == "run" else self.action_task(),
        )

    # --- undo ------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Undo my last step that can be undone."""
        if not self.steps:
            self.complain("nothing of yours can be undone: what ran in the world stays done")
            return
        self.start(self._replay(self.steps[-1], undo=True))

    def action_redo(self) -> None:
        """Do again what was undone last."""
        if not self.undone:
            self.complain("nothing was undone")
            return
        self.start(self._replay(self.undone[-1], undo=False))

    async def _replay(self, step: Step, *, undo: bool) -> None:
        word = "undone" if undo else "done again"
        command = step.back if undo else step.again
        if await self.carry_out(command, f"{word}: {step.words}") is None:
            return
        if undo:
            self.steps, self.undone = self.steps[:-1], [*self.undone, step]
        else:
            self.steps, self.undone = [*self.steps, step], self.undone[:-1]
        self.show_status()

    # --- reload, leave, help ---------------------------------------------------------------------

    def action_reload(self) -> None:
        """Read the fleet file again."""
        row, environment = self.fleet_row, self.outset.environment
        if row is None:
            self.complain("no fleet is open")
        elif environment is None:
            self.complain(
                f"this screen has no environment: fleettui open {row.file} reads it again"
            )
        else:
            command = OpenFleet(row.id, row.file, row.workspace, row.name, environment)
            self.confirm(
                f"reload {row.name}",
                f"read {row.file} again? what runs goes on under the new file",
                lambda: self.start(self.carry_out(command, f"{row.file} is read again")),
            )

    def action_leave(self) -> None:
        """Offer to detach, to stop the fleet, or to stay."""
        running = "its run goes on" if any(row.running for row in self.board.fleets) else ""
        self.choose(
            "leave",
            [Block(f"the fleet stays where it is when you detach{', ' * bool(running)}{running}")],
            [
                Choice("enter", "enter", "detach (fleettui attach comes back)", DETACH),
                Choice("d", "d", "the same", DETACH),
                Choice("s", "s", "stop the fleet at a safe point, then leave", STOP),
            ],
            self._leave,
        )

    def _leave(self, way: str) -> None:
        if way == STOP:
            self.start(self._stopping())
        else:
            self.app.exit(DETACH)

    async def _stopping(self) -> None:
        if await self.carry_out(StopFleet(self.board.fleet)) is not None:
            self.app.exit(STOP)

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen())

    # --- typed commands --------------------------------------------------------------------------

    def action_command(self) -> None:
        """Ask for a command and do it."""
        agents = [row.name for row in self.board.agents]
        names = {
            "run ": [""],
            "tenant ": ["", *(row.name for row in self.whole.tenants)],
            "fleet ": [row.id for row in self.whole.fleets],
        }
        completions = tuple(
            f"{word}{name}"
            for word in SUGGESTIONS
            for name in (names.get(word, agents) if word.endswith(" ") else ("",))
        )
        hint = "run TEXT, send AGENT TEXT, pause AGENT, tenant NAME, fleet NAME, quit ..."
        self.ask(":", self._typed, hint=hint, suggestions=completions)

    def _typed(self, line: str) -> None:
        try:
            typed = parse_typed(line, self.board, self.whole)
        except TypedError as error:
            self.complain(str(error))
            return
        if typed.command is not None:
            self.start(self.carry_out(typed.command, typed.words))
        elif typed.task:
            self.run_task(typed.task)
        elif typed.fleet:
            self.show_fleet(typed.fleet)
        elif typed.tenant is not None:
            self.scope_to(typed.tenant)
        else:
            self.start(self.app.run_action(typed.action, self))

    def show_fleet(self, fleet: str) -> None:
        """Show another fleet of this host; a scope goes to its tenant."""
        if self.scope:
            self.scope_to(tenant_of(fleet))
        self.fleet = fleet
        self.feed.mark()
