"""Views of agents' files: what is kept, what differs, and what a rollback would go over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from fleettui.core.decide.checkpoints import find_checkpoint, part_of
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.grounds import Changes, Ground, RollbackPart
from fleettui.core.state.fleet import AgentState, CheckpointState, FleetState
from fleettui.core.state.workspaces import ground_of, needs_ground
from fleettui.core.views.agents import checkpoint_rows, rollback_preview
from fleettui.core.views.rows import (
    CheckpointRow,
    DiffRow,
    FileRow,
    RollbackPreview,
    WorkspaceRow,
)
from fleettui.engine.keeping import Keeping

# Of how many checkpoints, the newest first, the changed files are counted.
_COUNTED: Final = 50
_SHOWN: Final = 12


class FileViews:
    """Asks git, through the ports of `keeping`, and puts it beside what the state knows."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    async def checkpoints(self, state: FleetState, agent: AgentState) -> Sequence[CheckpointRow]:
        """Give an agent's checkpoints, newest first, with how many files differ from now."""
        rows = checkpoint_rows(state, agent)
        wanted = [row.commit for row in rows if row.commit][:_COUNTED]
        if not wanted:
            return rows
        pairs = [(commit, "") for commit in dict.fromkeys(wanted)]
        try:
            found = await self._paths(state, agent, pairs)
        except (FleettuiError, OSError):
            return rows
        counts = {commit: len(paths) for (commit, _), paths in zip(pairs, found, strict=True)}
        return tuple(replace(row, files=counts.get(row.commit)) for row in rows)

    async def preview(
        self, state: FleetState, agent: AgentState, point: CheckpointState
    ) -> RollbackPreview:
        """Say what rolling back to a checkpoint changes, files too, and what it can't undo."""
        shown = rollback_preview(state, agent, point)
        if not point.commit:
            return shown
        ground = ground_of(state, agent)
        try:
            changes = await self._keeping.history.changes(
                state.id, agent.id, ground, "", point.commit
            )
            foreign = await self.foreign(state, agent, point)
        except (FleettuiError, OSError) as failure:
            return replace(shown, note=f"the files can't be compared: {failure}")
        return replace(shown, files=_file_rows(changes), diff=changes.diff, foreign=tuple(foreign))

    async def refuse_foreign(
        self, state: FleetState, agent: AgentState, name: str, part: RollbackPart
    ) -> None:
        """Refuse to take files back over what others changed in a shared folder."""
        point = find_checkpoint(agent, name)
        if part_of(point, part) == "transcript":
            return
        names = await self.foreign(state, agent, point)
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            raise Refused(
                f"somebody else than {agent.id} changed {', '.join(names[:_SHOWN])}{more}",
                "commit them elsewhere, roll back the transcript only, or force it: the "
                "checkpoint made first keeps them",
            )

    async def foreign(
        self, state: FleetState, agent: AgentState, point: CheckpointState
    ) -> Sequence[str]:
        """Name the files that would go back although this agent was not the one to change them.

        In a shared folder only: what changed between its actions is somebody else's.
        """
        if needs_ground(state, agent) or ground_of(state, agent).kind != "shared":
            return ()
        own = [seen for seen in agent.files.seen if seen.seq > point.seq]
        starts = [point.commit, *(seen.after for seen in own)]
        ends = [*(seen.before for seen in own), ""]
        gaps = list(zip(starts, ends, strict=True))
        named = [seen for seen in own if seen.path]
        during = [(seen.before, seen.after) for seen in named]
        whole, *others = await self._paths(state, agent, [(point.commit, ""), *gaps, *during])
        changed = {path for paths in others[: len(gaps)] for path in paths}
        for seen, paths in zip(named, others[len(gaps) :], strict=True):
            # While it wrote one file, somebody else may have written others.
            changed |= {path for path in paths if path != seen.path}
        return sorted(changed & set(whole))

    async def workspaces(self, states: Sequence[FleetState]) -> Sequence[WorkspaceRow]:
        """Give where every agent works, and the worktrees of those that are gone."""
        rows = [
            await self._workspace_row(state, agent.id, ground_of(state, agent), agent.files.why)
            for state in states
            for agent in state.agents.values()
        ]
        rows += [
            await self._workspace_row(state, name, ground, "", left=True)
            for state in states
            for name, ground in state.left.items()
        ]
        return tuple(rows)

    async def _workspace_row(
        self, state: FleetState, name: str, ground: Ground, why: str, *, left: bool = False
    ) -> WorkspaceRow:
        row = WorkspaceRow(
            state.id, name, ground.kind, ground.path, ground.branch, ground.base,
            files=None, unmerged=None, left=left, note=why or ground.note,
        )  # fmt: skip
        if ground.kind != "worktree":
            return row
        history = self._keeping.history
        try:
            pairs = [(ground.start, "")]
            found = await history.paths(state.id, name, ground, pairs)
            unmerged = await self._keeping.workspaces.has_work(state.id, name, ground)
        except (FleettuiError, OSError) as failure:
            return replace(row, note=str(failure))
        return replace(row, files=len(found[0]), unmerged=unmerged)

    async def diff(self, state: FleetState, agent: AgentState) -> DiffRow:
        """Give what an agent changed in its folder: since its worktree began, or its last run."""
        ground = ground_of(state, agent)
        kept = [point.commit for point in agent.checkpoints.values() if point.commit]
        start = ground.start or (kept[0] if kept else "")
        if not start:
            note = ground.note or "its files are not kept: it changes none, or has not begun"
            return DiffRow(state.id, agent.id, ground.kind, "", (), "", note)
        if ground.kind == "shared":
            return await self._own_diff(state, agent, ground)
        changes = await self._keeping.history.changes(state.id, agent.id, ground, start)
        return DiffRow(
            state.id, agent.id, ground.kind, start, _file_rows(changes), changes.diff, ground.note
        )

    async def _own_diff(self, state: FleetState, agent: AgentState, ground: Ground) -> DiffRow:
        """Give what an agent's actions did to a shared folder, one after the other."""
        files: dict[str, FileRow] = {}
        texts: list[str] = []
        for seen in agent.files.seen:
            changes = await self._keeping.history.changes(
                state.id, agent.id, ground, seen.before, seen.after
            )
            files |= {row.path: row for row in _file_rows(changes)}
            texts.append(changes.diff)
        first = agent.files.seen[0].before if agent.files.seen else ""
        note = "" if agent.files.seen else "it has changed nothing"
        return DiffRow(
            state.id, agent.id, ground.kind, first, tuple(files.values()), "".join(texts), note
        )

    async def _paths(
        self, state: FleetState, agent: AgentState, pairs: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, ...]]:
        ground = ground_of(state, agent)
        return await self._keeping.history.paths(state.id, agent.id, ground, pairs)


def _file_rows(changes: Changes) -> tuple[FileRow, ...]:
    return tuple(
        FileRow(one.path, one.change, one.added, one.deleted, one.was) for one in changes.files
    )
