"""Rules about agents' folders, forks and merges."""

from __future__ import annotations

import re

from fleettui.core.commands import (
    BeginCheckpoint,
    BeginWorkspace,
    DropWorkspace,
    FinishCheckpoint,
    FinishMerge,
    FinishWorkspace,
    ForkAgent,
    MergeAgent,
    NoteFiles,
    NoteGround,
    RemoveWorkspace,
)
from fleettui.core.decide.checkpoints import find_checkpoint, marking
from fleettui.core.decide.outcome import NOTHING, Outcome, only_people
from fleettui.core.errors import NotFound, Refused
from fleettui.core.events import (
    AgentForked,
    AgentMerged,
    AgentMoved,
    CheckpointMade,
    FilesSeen,
    GroundFound,
    MergeBegun,
    MergeFailed,
    WorkspaceBegun,
    WorkspaceDoomed,
    WorkspaceFailed,
    WorkspaceGone,
    WorkspaceMade,
)
from fleettui.core.grounds import Ground
from fleettui.core.model import Asked
from fleettui.core.state.fleet import AgentState, FleetState
from fleettui.core.state.names import Names
from fleettui.core.state.workspaces import is_busy_with_files

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


def note_ground(state: FleetState, command: NoteGround, _asked: Asked) -> Outcome:
    """Note what the fleet's folder is to git, where that changed; HEAD may go on as it likes."""
    known = state.ground
    if known is not None and _plain(known) == _plain(command.ground):
        return NOTHING
    return Outcome((GroundFound(command.ground),))


def _plain(ground: Ground) -> tuple[str, str, bool, str]:
    return ground.path, ground.repository, bool(ground.base), ground.note


def begin_workspace(state: FleetState, command: BeginWorkspace, _asked: Asked) -> Outcome:
    agent = state.agent(command.agent)
    if agent.files.making is not None:
        return NOTHING
    return Outcome((WorkspaceBegun(agent.id, command.ground, command.fill),))


def finish_workspace(state: FleetState, command: FinishWorkspace, _asked: Asked) -> Outcome:
    agent = state.agent(command.agent)
    if command.why:
        return Outcome((WorkspaceFailed(agent.id, command.why),))
    made = agent.files.making
    return NOTHING if made is None else Outcome((WorkspaceMade(agent.id, made),))


def begin_checkpoint(state: FleetState, command: BeginCheckpoint, _asked: Asked) -> Outcome:
    """Mark where an agent stands before an action, once, however often a process dies."""
    agent = state.agents.get(command.agent)
    if agent is None or any(point.why == command.why for point in agent.checkpoints.values()):
        return NOTHING
    return Outcome((marking(state, agent, Names(state).next(), command.why, command.action),))


def finish_checkpoint(state: FleetState, command: FinishCheckpoint, _asked: Asked) -> Outcome:
    agent = state.agent(command.agent)
    point = agent.checkpoints.get(command.checkpoint)
    if point is None or not point.pending:
        return NOTHING
    kept = command.kept
    made = CheckpointMade(
        agent.id, point.id, point.why, kept.commit if kept else "",
        kept.left_out if kept else (), command.note, point.session,
    )  # fmt: skip
    return Outcome((made,))


def note_files(state: FleetState, command: NoteFiles, _asked: Asked) -> Outcome:
    if command.agent not in state.agents:
        return NOTHING
    seen = FilesSeen(command.agent, command.action, command.before, command.after, command.path)
    return Outcome((seen,))


def fork_agent(state: FleetState, command: ForkAgent, asked: Asked) -> Outcome:
    """Begin a new agent where another stood, with its transcript and its files."""
    by = only_people(asked, "fork an agent")
    source = state.agent(command.agent)
    point = find_checkpoint(source, command.checkpoint)
    name = command.name or _free(state, source.id)
    if not _NAME.match(name):
        raise Refused(
            f"'{name}' is no name of an agent", "use a-z, 0-9 and '-', at most 63 characters"
        )
    if name in state.agents or name in state.left or name in state.doomed:
        raise Refused(f"there is an agent '{name}' already", "choose another name")
    forked = AgentForked(name, source.entry, source.id, point.id, by)
    stopped = state.stopped or state.stopping
    if not state.stopped:
        asked.standing.admit_agents(1)
    moves = (AgentMoved(name, "starting"), AgentMoved(name, "stopped" if stopped else "idle"))
    return Outcome((forked, *moves), name)


def _free(state: FleetState, source: str) -> str:
    stem, number = f"{source[:50]}-fork", 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        if name not in state.agents and name not in state.left and name not in state.doomed:
            return name
        number += 1


def merge_agent(state: FleetState, command: MergeAgent, asked: Asked) -> Outcome:
    by = only_people(asked, "merge an agent's work")
    agent = state.agent(command.agent)
    refuse_busy(state, agent)
    if command.merge is None:
        raise Refused(f"the merge of {agent.id} was not made", "send it through a session")
    return Outcome((MergeBegun(agent.id, command.merge, by),), command.merge.commit)


def refuse_busy(state: FleetState, agent: AgentState) -> None:
    """Refuse what must not happen while an agent acts, or its files are being worked on."""
    if any(action.status == "started" for action in state.actions_of(agent.id)):
        raise Refused(
            f"{agent.id} is doing something in the world right now", "wait for it, or stop it"
        )
    if is_busy_with_files(agent):
        raise Refused(f"the files of {agent.id} are being worked on", "try again in a moment")


def finish_merge(state: FleetState, command: FinishMerge, _asked: Asked) -> Outcome:
    agent = state.agent(command.agent)
    if agent.files.merging is None:
        return NOTHING
    if command.why:
        return Outcome((MergeFailed(agent.id, command.why),))
    return Outcome((AgentMerged(agent.id),))


def remove_workspace(state: FleetState, command: RemoveWorkspace, asked: Asked) -> Outcome:
    """Take a worktree away, only where it has no work of its own."""
    by = only_people(asked, "take a worktree away")
    agent = state.agents.get(command.agent)
    ground = agent.files.ground if agent else state.left.get(command.agent)
    if ground is None or ground.kind != "worktree":
        raise NotFound(f"{command.agent} has no worktree", "fleettui workspaces lists them")
    if command.unmerged:
        raise Refused(
            f"{ground.tree} has work that is not merged", f"fleettui merge {command.agent} first"
        )
    if agent is not None:
        refuse_busy(state, agent)
        if agent.turn:
            raise Refused(f"{agent.id} is at work", "wait for it, or stop it")
    return Outcome((WorkspaceDoomed(command.agent, by),))


def drop_workspace(state: FleetState, command: DropWorkspace, _asked: Asked) -> Outcome:
    gone = command.agent in state.doomed
    return Outcome((WorkspaceGone(command.agent),)) if gone else NOTHING
