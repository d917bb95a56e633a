"""The keys of an agent's branch: fork it from a checkpoint, merge its work."""

from __future__ import annotations

from functools import partial

from fleettui.core.commands import ForkAgent, MergeAgent
from fleettui.core.views.queries import ReadDiff
from fleettui.core.views.rows import AgentRow, DiffRow
from fleettui.tui.blocks import Block
from fleettui.tui.detail_text import change_blocks
from fleettui.tui.screens.agent_keys import AgentKeys
from fleettui.tui.screens.choice import Choice
from fleettui.tui.screens.rollback import Chosen, RollbackScreen


class BranchKeys(AgentKeys):
    """Acts on the agent under the cursor, or in the detail."""

    def action_fork(self) -> None:
        """Choose the checkpoint at which a new agent begins."""
        row = self.chosen_agent()
        if row is not None:
            screen = RollbackScreen(self.client, row.fleet, row.id, fork=True)
            self.app.push_screen(screen, partial(self._name_fork, row))

    def _name_fork(self, row: AgentRow, chosen: Chosen | None) -> None:
        if chosen is not None:
            self.ask(
                f"fork {row.name}", partial(self._fork, row, chosen.checkpoint), required=False,
                hint=f"a name for the new agent; empty is {row.name}-fork",
            )  # fmt: skip

    def _fork(self, row: AgentRow, checkpoint: str, name: str) -> None:
        self.start(self._forking(ForkAgent(row.fleet, row.id, checkpoint, name.strip())))

    async def _forking(self, command: ForkAgent) -> None:
        made = await self.carry_out(command)
        if made:
            self.say(f"{made} begins where {command.agent} was", "done")

    def action_merge(self) -> None:
        """Show what an agent changed, and merge it after a yes."""
        row = self.chosen_agent()
        if row is not None:
            self.read_first(ReadDiff(row.fleet, row.id), partial(self._show_merge, row))

    def _show_merge(self, row: AgentRow, diff: DiffRow) -> None:
        if diff.kind != "worktree":
            self.complain(f"{row.name} has no branch of its own: it works in the shared folder")
            return
        if not diff.files:
            self.complain(f"{row.name} has changed nothing that could be merged")
            return
        yes = (Choice("M", "M", "merge it", "merge"),)
        shown = [Block("into the branch you are on, only if it is clean:", "bold"), Block("")]
        blocks = [*shown, *change_blocks(diff)]
        self.choose(f"merge {row.name}", blocks, yes, partial(self._merge, row))

    def _merge(self, row: AgentRow, _given: str) -> None:
        done = f"merged the work of {row.name}"
        self.start(self.carry_out(MergeAgent(row.fleet, row.id), done))
