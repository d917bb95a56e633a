"""The keys of the inbox: allow, deny, edit, extend, decide; safe against keys by accident."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from typing import Final

from fleettui.core.commands import (
    Approve,
    Deny,
    EditAction,
    ExtendExpiry,
)
from fleettui.core.views.rows import InboxRow
from fleettui.tui.blocks import Block
from fleettui.tui.item_text import item_blocks
from fleettui.tui.screens.ballot_keys import BallotKeys
from fleettui.tui.screens.choice import Choice, ChoiceScreen
from fleettui.tui.screens.inbox_item import Answer, ItemScreen
from fleettui.tui.widgets.inbox import InboxPane, target_of

_MORE_SECONDS: Final = 900.0
_SCOPES: Final = {"agent": "this agent only", "fleet": "every agent of this fleet"}


class InboxKeys(BallotKeys):
    """Answers the exact item that was shown when the key was pressed."""

    @property
    def inbox(self) -> InboxPane:
        """Give the pane of the inbox."""
        return self.query_one(InboxPane)

    def aim(self) -> None:
        """Note what is highlighted and wholly drawn now; keys count for nothing else."""
        if self.is_current:
            self.arming.show(self.inbox.drawn_target, self.clock())

    def _armed_row(self) -> InboxRow | None:
        """Give the item a key is for; what doesn't count says why."""
        row = self.inbox.row_here
        if row is None:
            self.complain("nothing waits for you")
            return None
        if not self.inbox.table.has_focus or self.arming.target != self.inbox.drawn_target:
            self.complain("look at the item first, then press again")
            return None
        if self.arming.target is None:
            self.complain("it does not fit here: read it to its end, then answer")
            self.open_item(row)
            return None
        refusal = self.arming.refusal()
        if refusal:
            self.complain(refusal)
            return None
        return row

    def _with_row(self, use: Callable[[InboxRow], None]) -> None:
        row = self._armed_row()
        if row is not None:
            use(row)

    def open_item(self, row: InboxRow) -> None:
        """Show an item on the whole screen."""
        self.app.push_screen(ItemScreen(row, self.arming, self.clock), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        if answer is None:
            return
        uses: dict[str, Callable[[InboxRow], None]] = {
            "allow": self.allow,
            "always": self.always,
            "deny": self.deny,
            "deny_why": self.deny_why,
            "edit": self.edit,
            "extend": self.extend,
            "override": self.decide,
        }
        uses[answer.verb](answer.row)

    # --- allow -----------------------------------------------------------------------------------

    def action_allow(self) -> None:
        """Allow the highlighted action; several marked ones after one confirmation."""
        marked = [row for row in map(self.inbox.row, self.inbox.table.chosen()) if row]
        if len(marked) > 1:
            self._allow_marked(marked)
        else:
            self._with_row(self.allow)

    def _allow_marked(self, rows: list[InboxRow]) -> None:
        """Allow marked actions together; each is drawn whole in the dialog first."""
        fit = [row for row in rows if row.kind == "action" and not row.destructive]
        if len(fit) < len(rows):
            self.complain(
                "ballots, budgets, lost actions and what destroys are answered one by one"
            )
            return
        blocks = [block for row in fit for block in (*item_blocks(row), Block(""))]
        screen = ChoiceScreen(
            f"allow {len(fit)} actions",
            blocks,
            [Choice("exclamation_mark", "!", f"allow these {len(fit)}, each once", "yes")],
            arming=self.arming,
            clock=self.clock,
            target=target_of(fit[0]),
        )
        self.app.push_screen(screen, lambda given: self._allow_all(fit) if given else None)

    def _allow_all(self, rows: list[InboxRow]) -> None:
        self.inbox.table.clear_marks()
        commands = [_approval(row) for row in rows]
        self.start(self.carry_out_all(commands, f"allowed {len(rows)} actions"))

    def allow(self, row: InboxRow) -> None:
        """Allow an action once; what destroys needs a second, different key."""
        if row.kind == "ballot":
            self.complain("this is a ballot: o decides it")
        elif row.destructive:
            self._confirm_destroying(row, "")
        else:
            self._approve(row, "")

    def _approve(self, row: InboxRow, always: str, *, confirmed: bool = False) -> None:
        command = _approval(row, always, confirmed=confirmed)
        done = f"allowed {row.id}" + (f" and from now on: {row.always}" if always else "")
        self.start(self.carry_out(command, done))

    def _confirm_destroying(self, row: InboxRow, always: str) -> None:
        screen = ChoiceScreen(
            "this DESTROYS something",
            item_blocks(row),
            [Choice("exclamation_mark", "!", "yes, do exactly this", "yes")],
            arming=self.arming,
            clock=self.clock,
            target=target_of(row),
        )
        self.app.push_screen(
            screen, lambda given: self._approve(row, always, confirmed=True) if given else None
        )

    def action_always(self) -> None:
        """Allow the highlighted action, and what is like it, from now on."""
        self._with_row(self.always)

    def always(self, row: InboxRow) -> None:
        """Show the exact rule that would be saved, and let its scope be chosen."""
        if row.kind != "action" or not row.always:
            self.complain(f"{row.id} can't be allowed for good: a allows it once")
            return
        text = [
            Block("allow this one now, and from now on without asking everything that fits"),
            Block(row.always, "bold"),
            Block("R in the inbox lists the rules in force and revokes them", "dim"),
        ]
        choices = (
            Choice("a", "a", f"{_SCOPES['agent']}: {row.agent}", "agent"),
            Choice("f", "f", f"{_SCOPES['fleet']}: {row.fleet}", "fleet"),
        )
        screen = ChoiceScreen(
            "allow always", text, choices,
            arming=self.arming, clock=self.clock, target=target_of(row),
        )  # fmt: skip
        self.app.push_screen(screen, partial(self._always_for, row))

    def _always_for(self, row: InboxRow, scope: str | None) -> None:
        if scope and row.destructive:
            self._confirm_destroying(row, scope)
        elif scope:
            self._approve(row, scope)

    # --- deny, edit, extend ----------------------------------------------------------------------

    def action_deny(self) -> None:
        """Deny the highlighted action."""
        self._with_row(self.deny)

    def deny(self, row: InboxRow) -> None:
        """Deny an action."""
        if row.kind == "ballot":
            self.complain("this is a ballot: o decides it")
            return
        self.start(self.carry_out(Deny(row.fleet, row.id, row.version), f"denied {row.id}"))

    def action_deny_why(self) -> None:
        """Deny the highlighted action with a reason."""
        self._with_row(self.deny_why)

    def deny_why(self, row: InboxRow) -> None:
        """Ask for the reason, then deny."""
        if row.kind == "ballot":
            self.complain("this is a ballot: o decides it")
            return
        self.ask(f"why not? ({row.agent or 'the fleet'} is told)", partial(self._deny_as, row))

    def _deny_as(self, row: InboxRow, reason: str) -> None:
        command = Deny(row.fleet, row.id, row.version, reason)
        self.start(self.carry_out(command, f"denied {row.id}"))

    def action_edit(self) -> None:
        """Edit the highlighted action's command."""
        self._with_row(self.edit)

    def edit(self, row: InboxRow) -> None:
        """Ask for another command line; the action asks again as a new version."""
        if row.kind != "action" or row.action is None or not row.action.argv:
            self.complain("only a command can be edited")
            return
        line = shlex.join(row.action.argv)
        hint = "words are split as a shell does, no shell runs it; it then asks again"
        self.ask("edit the command", partial(self._edited, row), value=line, hint=hint)

    def _edited(self, row: InboxRow, line: str) -> None:
        try:
            argv = tuple(shlex.split(line))
        except ValueError as error:
            self.complain(f"that is no command line: {error}")
            return
        command = EditAction(row.fleet, row.id, row.version, argv)
        self.start(self.carry_out(command, f"{row.id} is edited: look at it, then allow it"))

    def action_extend(self) -> None:
        """Give the highlighted item, or ballot, 15 minutes more."""
        ballot = self.ballot_here()
        if ballot is not None:
            self.start(self.carry_out(ExtendExpiry(ballot.fleet, ballot.id, _MORE_SECONDS),
                                      f"{ballot.id} has 15 minutes more"))  # fmt: skip
        elif (row := self.inbox.row_here) is not None:
            self.extend(row)

    def extend(self, row: InboxRow) -> None:
        """Give an item 15 minutes more."""
        command = ExtendExpiry(row.fleet, row.id, _MORE_SECONDS)
        self.start(self.carry_out(command, f"{row.id} has 15 minutes more"))

    # --- ballots ---------------------------------------------------------------------------------

    def action_override(self) -> None:
        """Decide the ballot under the cursor, of the votes or of the inbox."""
        ballot = self.ballot_here()
        if ballot is not None:
            self.decide_ballot(ballot.fleet, ballot.id, ballot.options, ballot.question)
        elif self.inbox.has_focus_within:
            self._with_row(self.decide)
        else:
            self.complain("no ballot is chosen")

    def decide(self, row: InboxRow) -> None:
        """Decide a ballot that waits in the inbox."""
        if row.kind != "ballot":
            self.complain("this is no ballot: a allows it, d denies it")
            return
        self.decide_ballot(row.fleet, row.id, row.options, row.summary)


def _approval(row: InboxRow, always: str = "", *, confirmed: bool = False) -> Approve:
    digest = row.action.digest if row.action else ""
    return Approve(
        row.fleet, row.id, row.version, digest, row.nonce,
        always,  # type: ignore[arg-type]  # one of the scopes offered
        confirmed,
    )  # fmt: skip
