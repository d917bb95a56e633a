"""The keys of ballots and rules: override a ballot with a reason, list and revoke rules."""

from __future__ import annotations

from functools import partial

from fleettui.core.commands import OverrideBallot, RevokeRule
from fleettui.core.views.queries import ReadRules
from fleettui.core.views.rows import BallotRow, RuleRow
from fleettui.tui.blocks import Block
from fleettui.tui.screens.choice import Choice
from fleettui.tui.screens.desk import Desk
from fleettui.tui.screens.rules import RulesScreen
from fleettui.tui.widgets.votes import VotesPane


class BallotKeys(Desk):
    """Decides ballots by hand, and keeps the rules that hands made."""

    def ballot_here(self) -> BallotRow | None:
        """Give the ballot under the cursor of the votes, if they have the focus."""
        votes = self.query_one(VotesPane)
        if not votes.has_focus_within:
            return None
        key = votes.table.cursor_key
        return next((row for row in self.board.ballots if f"{key}/".startswith(f"{row.id}/")), None)

    def decide_ballot(
        self, fleet: str, ballot: str, options: tuple[str, ...], question: str
    ) -> None:
        """Let an option be chosen, then ask for the reason."""
        letters = "abcdefghijklmnop"
        choices = [
            Choice(letter, letter, option, option)
            for letter, option in zip(letters, options, strict=False)
        ]
        self.choose(
            "decide the ballot",
            [Block(question, gutter=()), Block("which is it? a reason is asked for next", "dim")],
            choices,
            partial(self._ask_reason, fleet, ballot),
        )

    def _ask_reason(self, fleet: str, ballot: str, verdict: str) -> None:
        self.ask(
            f"why {verdict}? (it is kept with the verdict)",
            lambda reason: self.start(
                self.carry_out(
                    OverrideBallot(fleet, ballot, verdict, reason), f"decided: {verdict}"
                )
            ),
        )

    def action_rules(self) -> None:
        """List the rules in force."""
        fleet = self.board.fleet
        self.read_first(ReadRules(fleet), self._show_rules)

    def _show_rules(self, rows: tuple[RuleRow, ...]) -> None:
        by_id = {row.id: row for row in rows}

        def revoke(name: str | None) -> None:
            if name:
                command = RevokeRule(by_id[name].fleet, name)
                self.start(self.carry_out(command, f"revoked: {by_id[name].pattern}"))

        self.app.push_screen(RulesScreen(rows), revoke)
