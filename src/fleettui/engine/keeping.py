"""Keeping: makes agents' folders, keeps their files at checkpoints, takes them back, merges them.

What is to be done follows from the state alone, so a crash needs nothing of its own: what is open
is done again. One thing at a time in a fleet, in the order of its events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from fleettui.core.commands import (
    BeginCheckpoint,
    BeginWorkspace,
    Command,
    DropWorkspace,
    FinishCheckpoint,
    FinishMerge,
    FinishRollBack,
    FinishWorkspace,
    NoteFiles,
    NoteGround,
)
from fleettui.core.errors import FleettuiError, Refused, StoreFailed
from fleettui.core.events import (
    AgentForked,
    CheckpointBegun,
    FleetOpened,
    MergeBegun,
    Recorded,
    RollbackBegun,
    TurnOpened,
    WorkspaceBegun,
    WorkspaceDoomed,
)
from fleettui.core.grounds import Ground, Kept
from fleettui.core.state.fleet import ActionState, AgentState, CheckpointState, FleetState
from fleettui.core.state.workspaces import (
    ground_of,
    is_busy_with_files,
    keeps_files,
    needs_ground,
    wish,
)
from fleettui.engine.changes import Changes
from fleettui.engine.engine import Engine
from fleettui.engine.insisting import until_stored
from fleettui.engine.order import Order
from fleettui.engine.watching import isolated
from fleettui.ports import FileHistory, Merging, Workspaces

_log = logging.getLogger(__name__)
_STIRS: Final = (
    CheckpointBegun, RollbackBegun, MergeBegun, WorkspaceDoomed, AgentForked,
    WorkspaceBegun,
)  # fmt: skip


class Keeping:
    """One task a fleet, while something is open."""

    def __init__(
        self,
        order: Order,
        workspaces: Workspaces,
        history: FileHistory,
        merging: Merging,
        quiet: Callable[[str, str], Awaitable[None]],
        group: asyncio.TaskGroup,
    ) -> None:
        self._order, self._engine, self._group = order, order.engine, group
        self.workspaces, self.history, self.merging = workspaces, history, merging
        self._quiet = quiet
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._bells: dict[str, Changes] = {}
        # Checkpoints that this process began itself: their moment is not over yet.
        self._mine: set[str] = set()
        self._fresh: set[tuple[str, str]] = set()
        # Where a fleet's stream was when nothing could be done about what is open.
        self._stuck: dict[str, int] = {}
        self._ending = False

    @property
    def engine(self) -> Engine:
        """Give the engine this works for."""
        return self._engine

    # --- watching ------------------------------------------------------------------------------

    def on_event(self, recorded: Recorded) -> None:
        """Begin what an event asks for, and wake whoever waits."""
        fleet, event = recorded.stream, recorded.event
        if isinstance(event, CheckpointBegun):
            self._mine.add(event.checkpoint)
        self._bell(fleet).ring()
        if isinstance(event, TurnOpened):
            # Most turns need nothing: nobody else is looked at for them.
            state = self._engine.state(fleet)
            agent = state.agents.get(event.agent)
            if agent is not None and self._lacks(state, agent):
                self._stir(fleet)
        elif isinstance(event, _STIRS):
            self._stir(fleet)
        elif isinstance(event, FleetOpened):
            self._bell(fleet)

    def catch_up(self) -> None:
        """Go on with what another process, or an overflow, left open."""
        for state in self._engine.fleets():
            self._bell(state.id).ring()
            self._stir(state.id)

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """Give what goes on, to be cancelled: nothing begins after this."""
        self._ending = True
        return list(self._tasks.values())

    def _bell(self, fleet: str) -> Changes:
        return self._bells.setdefault(fleet, Changes())

    def _stir(self, fleet: str) -> None:
        state = self._engine.state(fleet)
        if fleet in self._tasks or not self._has_open(state) or self._stuck.get(fleet) == state.seq:
            return
        task = self._group.create_task(isolated(self._settle, fleet), name=f"files {fleet}")
        self._tasks[fleet] = task
        task.add_done_callback(lambda _: self._settled(fleet))

    def _settled(self, fleet: str) -> None:
        """Look again: something may have come while the last thing was being finished."""
        self._tasks.pop(fleet, None)
        if not self._ending:
            self._stir(fleet)

    # --- waiting -------------------------------------------------------------------------------

    async def ready(self, fleet: str, agent: str) -> None:
        """Wait until an agent's folder is there and nothing is done with its files.

        Agents of one run begin together: what is kept before it is kept for all of them. Raises
        Refused, saying why the folder can't be made.
        """
        await self._bell(fleet).wait_until(lambda: not self._waits(fleet, agent))
        state = self._engine.state(fleet)
        found = state.agents.get(agent)
        mine = found.files.ground if found else None
        if found is not None and mine is not None and not self.workspaces.is_there(mine):
            # Somebody took the folder away: it is made again as it was kept last.
            await self._send(BeginWorkspace(fleet, agent, mine, _last_kept(found, mine)))
            await self._bell(fleet).wait_until(lambda: not self._waits(fleet, agent))
            found = state.agents.get(agent)
        if found is not None and found.files.why:
            raise Refused(f"no workspace for {agent}: {found.files.why}")
        if found is not None and needs_ground(state, found):
            raise Refused(f"no workspace for {agent}: {found.files.why}")

    def _waits(self, fleet: str, agent: str) -> bool:
        state = self._engine.state(fleet)
        found = state.agents.get(agent)
        if found is None:
            return False
        run = state.running()
        before = f"before {run.id}" if run else ""
        if any(why == before for why in state.keeping.values()):
            return True
        lacks = needs_ground(state, found) and not found.files.why
        return lacks or is_busy_with_files(found)

    async def wait_kept(self, fleet: str, agent: str, checkpoint: str) -> None:
        """Wait until the files of a checkpoint are kept, or could not be."""

        def kept() -> bool:
            found = self._engine.state(fleet).agents.get(agent)
            point = found.checkpoints.get(checkpoint) if found else None
            return point is None or not point.pending

        await self._bell(fleet).wait_until(kept)

    async def wait_made(self, fleet: str, agent: str) -> None:
        """Wait until the folder of a new agent is there; raises Refused where it can't be."""

        def made() -> bool:
            state = self._engine.state(fleet)
            found = state.agents.get(agent)
            return found is None or bool(found.files.why) or not self._lacks(state, found)

        await self._bell(fleet).wait_until(made)
        found = self._engine.state(fleet).agents.get(agent)
        if found is not None and found.files.why:
            raise Refused(f"{agent} is there, without its folder: {found.files.why}")

    async def wait_free(self, fleet: str, agent: str) -> AgentState | None:
        """Wait until nothing is done with an agent's files; give the agent."""

        def free() -> bool:
            found = self._engine.state(fleet).agents.get(agent)
            return found is None or not is_busy_with_files(found)

        await self._bell(fleet).wait_until(free)
        await self._engine.wait_committed()
        return self._engine.state(fleet).agents.get(agent)

    # --- around an action ------------------------------------------------------------------------

    async def before(self, fleet: str, action: ActionState) -> str:
        """Mark where an agent stands before an action a person approved.

        Gives the files before it, for one that may write into a folder that others use too.
        """
        if action.agent not in self._engine.state(fleet).agents:
            return ""
        if action.status == "approved":
            why = f"before action {action.id}"
            begin = BeginCheckpoint(fleet, action.agent, action.id, why)
            await until_stored(lambda: self._order.send(begin))
            await self.wait_free(fleet, action.agent)
        return await self._seen(fleet, action)

    async def after(self, fleet: str, action: ActionState, before: str) -> None:
        """Note what an action did to the files of a shared folder."""
        after = await self._seen(fleet, action) if before else ""
        if after and after != before:
            path = self._only_path(fleet, action)
            note = NoteFiles(fleet, action.agent, action.id, before, after, path)
            await until_stored(lambda: self._order.send(note))

    def _only_path(self, fleet: str, action: ActionState) -> str:
        """Name the one file an action can have changed, from the top of the work tree; else ''."""
        path = action.facts.arguments.get("path")
        state = self._engine.state(fleet)
        agent = state.agents.get(action.agent)
        if action.facts.argv or not isinstance(path, str) or agent is None:
            return ""
        ground = ground_of(state, agent)
        operand = next((one.path for one in action.facts.operands), "")
        return operand.removeprefix(f"{ground.tree}/") if operand.startswith(ground.tree) else ""

    async def _seen(self, fleet: str, action: ActionState) -> str:
        state = self._engine.state(fleet)
        agent = state.agents.get(action.agent)
        if agent is None or action.facts.risks == ("read",) or not keeps_files(state, agent):
            return ""
        ground = ground_of(state, agent)
        if ground.kind != "shared" or not action.facts.cwd:
            return ""
        try:
            number = action.id.rsplit("/", 1)[-1]
            return (await self.history.keep(fleet, agent.id, ground, f"seen-{number}")).commit
        except (FleettuiError, OSError):
            return ""

    # --- what is open ----------------------------------------------------------------------------

    async def note_ground(self, fleet: str) -> None:
        """Look at the fleet's folder again: a repository may have come or gone."""
        state = self._engine.state(fleet)
        await self._engine.send(NoteGround(fleet, await self.workspaces.look(state.workspace)))

    def _has_open(self, state: FleetState) -> bool:
        return bool(state.doomed) or any(
            is_busy_with_files(agent) or self._lacks(state, agent)
            for agent in state.agents.values()
        )

    def _lacks(self, state: FleetState, agent: AgentState) -> bool:
        """Say whether an agent that is about to work has no folder, and nobody tried in vain."""
        if not needs_ground(state, agent):
            return False
        begins = any(state.turns[turn].status == "open" for turn in agent.turns)
        return (begins or bool(agent.files.fork_point)) and not agent.files.why

    async def _settle(self, fleet: str) -> None:
        """Do what is open, one thing after the other, until nothing is."""
        while self._has_open(state := self._engine.state(fleet)):
            seq = state.seq
            self._stuck[fleet] = seq
            for name, ground in list(state.doomed.items()):
                await self._remove(fleet, name, ground)
            for agent in list(state.agents.values()):
                if is_busy_with_files(agent) or self._lacks(state, agent):
                    try:
                        await self._settle_agent(state, agent)
                    except Exception as defect:  # noqa: BLE001 it is said, and nobody waits for ever
                        await self._give_in(state, agent, f"{type(defect).__name__}: {defect}")
            if self._engine.state(fleet).seq == seq:
                return
            self._stuck.pop(fleet, None)

    async def _settle_agent(self, state: FleetState, agent: AgentState) -> None:
        points = [agent.checkpoints[name] for name in sorted(agent.files.pending, key=_number)]
        if agent.files.rolling is not None:
            # Its program must not write while its files are kept and go back.
            await self._quiet(state.id, agent.id)
        if agent.files.making is not None:
            await self._make(state, agent)
        elif points and points[0].id not in self._mine and _acted_since(state, points[0]):
            await self._give_up(state.id, points[0])
        elif agent.files.ground is None and wish(state, agent) != "shared":
            await self._begin_making(state, agent, points)
        elif points and await self._renew(state, agent, points[0]):
            return
        elif points:
            await self._keep(state, agent, points[0])
        elif agent.files.rolling is not None:
            await self._restore(state, agent)
        elif agent.files.merging is not None:
            await self._land(state, agent)

    async def _give_in(self, state: FleetState, agent: AgentState, why: str) -> None:
        """End whatever is open with an agent's files: a defect must not leave it waiting."""
        _log.error("files of %s: %s", agent.id, why)
        for point in sorted(agent.files.pending, key=_number):
            note = f"files not kept: {why}"
            await self._send(FinishCheckpoint(state.id, agent.id, point, note=note))
        files = agent.files
        if files.making is not None or files.ground is None:
            await self._send(FinishWorkspace(state.id, agent.id, why))
        if files.rolling is not None:
            await self._send(FinishRollBack(state.id, agent.id, why))
        if files.merging is not None:
            await self._send(FinishMerge(state.id, agent.id, why))

    async def _send(self, command: Command) -> None:
        try:
            await until_stored(lambda: self._engine.send(command))
        except Refused:
            return

    async def _begin_making(
        self, state: FleetState, agent: AgentState, points: Sequence[CheckpointState]
    ) -> None:
        """Choose where an agent's folder is to be."""
        try:
            ground, fill = await self._planned(state, agent)
        except (FleettuiError, OSError) as failure:
            await self._send(FinishWorkspace(state.id, agent.id, str(failure)))
            for point in points:
                note = f"files not kept: {failure}"
                await self._send(FinishCheckpoint(state.id, agent.id, point.id, note=note))
            return
        await self._send(BeginWorkspace(state.id, agent.id, ground, fill))

    async def _planned(self, state: FleetState, agent: AgentState) -> tuple[Ground, str]:
        if wish(state, agent) == "none":
            return self.workspaces.private(state.id, agent.id), ""
        shared = state.ground or await self.workspaces.look(state.workspace)
        if not shared.repository or not shared.base:
            raise Refused(
                f"workspace: worktree needs a git repository with a commit, and {shared.note}",
                "make one there and open the file again, or say workspace: shared",
            )
        ground = await self.workspaces.plan(state.id, agent.id, shared)
        files = agent.files
        if not files.fork_point:
            return ground, ground.start
        base = files.fork_base or ground.base
        return replace(ground, base=base, start=files.fork_start, note=""), files.fork_point

    async def _make(self, state: FleetState, agent: AgentState) -> None:
        ground = agent.files.making
        assert ground is not None
        why = ""
        try:
            await self.workspaces.make(state.id, agent.id, ground, agent.files.fill)
        except (FleettuiError, OSError) as failure:
            why = str(failure)
        self._fresh.add((state.id, agent.id))
        await self._send(FinishWorkspace(state.id, agent.id, why))

    async def _renew(self, state: FleetState, agent: AgentState, point: CheckpointState) -> bool:
        """Bring a worktree without work of its own up to date before a run; make a lost one again.

        Says whether it began.
        """
        mine, run = agent.files.ground, state.running()
        fresh = (state.id, agent.id) in self._fresh
        self._fresh.discard((state.id, agent.id))
        if mine is None or mine.kind != "worktree" or state.ground is None or fresh:
            return False
        fill = ""
        try:
            ground: Ground | None = mine
            if not self.workspaces.is_there(mine):
                fill = _last_kept(agent, mine)
            elif run is not None and point.why == f"before {run.id}":
                ground = await self.workspaces.renewed(state.id, agent.id, state.ground, mine)
                fill = ground.start if ground else ""
            else:
                return False
        except (FleettuiError, OSError):
            return False
        if ground is None:
            return False
        await self._send(BeginWorkspace(state.id, agent.id, ground, fill))
        return True

    async def _give_up(self, fleet: str, point: CheckpointState) -> None:
        note = "files not kept: the process ended before they were"
        await self._send(FinishCheckpoint(fleet, point.agent, point.id, note=note))

    async def _keep(self, state: FleetState, agent: AgentState, point: CheckpointState) -> None:
        kept: Kept | None = None
        note = ""
        ground, number = ground_of(state, agent), point.id.rsplit("/", 1)[-1]
        try:
            kept = await self.history.keep(state.id, agent.id, ground, number)
        except (FleettuiError, OSError) as failure:
            note = f"files not kept: {failure}"
        await self._send(FinishCheckpoint(state.id, agent.id, point.id, kept, note))
        self._mine.discard(point.id)

    async def _restore(self, state: FleetState, agent: AgentState) -> None:
        """Take files back; only once it is kept how they were."""
        rolling = agent.files.rolling
        assert rolling is not None
        target, undo = agent.checkpoints[rolling.checkpoint], agent.checkpoints[rolling.undo]
        why = ""
        try:
            if not undo.commit:
                raise Refused(f"how they are now could not be kept: {undo.note}")
            await self.history.restore(state.id, agent.id, ground_of(state, agent), target.commit)
        except (FleettuiError, OSError) as failure:
            why = str(failure)
        await self._send(FinishRollBack(state.id, agent.id, why))

    async def _land(self, state: FleetState, agent: AgentState) -> None:
        merge, ground = agent.files.merging, agent.files.ground
        why = ""
        try:
            if merge is not None and ground is not None:
                await self.merging.land(ground, merge)
        except (FleettuiError, OSError) as failure:
            why = str(failure)
        await self._send(FinishMerge(state.id, agent.id, why))

    async def _remove(self, fleet: str, name: str, ground: Ground) -> None:
        try:
            await self.workspaces.remove(fleet, name, ground)
        except StoreFailed:
            raise
        except (FleettuiError, OSError):
            # The repository is gone, or was moved: there is nothing to take away.
            pass
        await self._send(DropWorkspace(fleet, name))


def _number(checkpoint: str) -> int:
    return int(checkpoint.rsplit("/", 1)[-1])


def _last_kept(agent: AgentState, ground: Ground) -> str:
    """Give the newest commit of an agent's files; what its worktree began with, where none is."""
    kept = [point.commit for point in agent.checkpoints.values() if point.commit]
    return kept[-1] if kept else ground.start


def _acted_since(state: FleetState, point: CheckpointState) -> bool:
    """Say whether an agent did something after a moment whose files nobody kept."""
    return any(
        action.agent == point.agent and action.started > point.at
        for action in state.actions.values()
    )
