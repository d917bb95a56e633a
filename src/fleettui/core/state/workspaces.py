"""How events change where agents work, and what is being done with their files."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from fleettui.core.events import (
    AgentForked,
    AgentMerged,
    FilesSeen,
    GroundFound,
    MergeBegun,
    MergeFailed,
    RollbackBegun,
    RollbackFailed,
    WorkspaceBegun,
    WorkspaceDoomed,
    WorkspaceFailed,
    WorkspaceGone,
    WorkspaceMade,
)
from fleettui.core.grounds import Ground, GroundKind
from fleettui.core.queue import Mailbox
from fleettui.core.spec.known import may_write
from fleettui.core.state.fleet import AgentState, FleetState, LogLine, RollingState, SeenState


def wish(state: FleetState, agent: AgentState) -> GroundKind:
    """Say where an agent is to work: as its file says, else a worktree where it may write."""
    assert state.spec is not None
    if agent.files.fork_point:
        return "worktree"
    spec = state.spec_of(agent.id)
    asked = spec.workspace or state.spec.spec.workspace
    if asked is not None:
        return asked
    ground = state.ground
    in_git = ground is not None and bool(ground.repository and ground.base)
    return "worktree" if in_git and may_write(spec) else "shared"


def needs_ground(state: FleetState, agent: AgentState) -> bool:
    """Say whether an agent's folder must be made before it can work."""
    return agent.files.ground is None and wish(state, agent) != "shared"


def keeps_files(state: FleetState, agent: AgentState) -> bool:
    """Say whether an agent's checkpoints hold files: it may write, and git is there."""
    if state.ground is None or not state.ground.repository:
        return False
    kind = agent.files.ground.kind if agent.files.ground else wish(state, agent)
    if kind == "shared":
        return may_write(state.spec_of(agent.id))
    return kind == "worktree"


def ground_of(state: FleetState, agent: AgentState) -> Ground:
    """Give where an agent works now."""
    if agent.files.ground is not None:
        return agent.files.ground
    return state.ground or Ground("shared", state.workspace)


def is_busy_with_files(agent: AgentState) -> bool:
    """Say whether an agent must wait for its files."""
    files = agent.files
    waits = files.making is not None or files.rolling is not None or files.merging is not None
    return waits or bool(files.pending)


def _found(state: FleetState, event: GroundFound, _at: float) -> None:
    state.ground = event.ground


def _begun(state: FleetState, event: WorkspaceBegun, _at: float) -> None:
    files = state.agents[event.agent].files
    files.making, files.fill, files.why = event.ground, event.fill, ""


def _made(state: FleetState, event: WorkspaceMade, at: float) -> None:
    agent = state.agents[event.agent]
    fresh = agent.files.ground is None
    agent.files.ground, agent.files.making, agent.files.fill = event.ground, None, ""
    agent.files.why = ""
    said = f"works in {event.ground.path}" if fresh else "its worktree is up to date again"
    where = f" on branch {event.ground.branch}" if event.ground.branch and fresh else ""
    note = f" ({event.ground.note})" if event.ground.note else ""
    agent.log.append(LogLine(at, "check", f"{said}{where}{note}"))


def _failed(state: FleetState, event: WorkspaceFailed, at: float) -> None:
    agent = state.agents[event.agent]
    agent.files.making, agent.files.why, agent.trouble = None, event.why, event.why
    agent.log.append(LogLine(at, "error", f"no workspace: {event.why}"))


def _doomed(state: FleetState, event: WorkspaceDoomed, _at: float) -> None:
    agent = state.agents.get(event.agent)
    ground = state.left.pop(event.agent, None) or (agent.files.ground if agent else None)
    if agent is not None:
        agent.files.ground = None
    if ground is not None:
        state.doomed[event.agent] = ground


def _gone(state: FleetState, event: WorkspaceGone, at: float) -> None:
    ground = state.doomed.pop(event.agent, None)
    if ground is not None:
        state.log.append(LogLine(at, "note", f"worktree {ground.tree} is gone"))


def _seen(state: FleetState, event: FilesSeen, _at: float) -> None:
    seen = SeenState(state.seq, event.before, event.after, event.path)
    state.agents[event.agent].files.seen.append(seen)


def _rolling(state: FleetState, event: RollbackBegun, _at: float) -> None:
    agent = state.agents[event.agent]
    files = agent.files
    # Its work stops here, so its session stands as it is.
    agent.checkpoints[event.undo].session = agent.session
    files.rolling = RollingState(event.checkpoint, event.undo, event.by, event.part)
    files.failed = ""


def _not_rolled(state: FleetState, event: RollbackFailed, at: float) -> None:
    agent = state.agents[event.agent]
    agent.files.rolling, agent.files.failed = None, event.why
    agent.log.append(LogLine(at, "error", f"not rolled back: {event.why}"))


def _forked(state: FleetState, event: AgentForked, at: float) -> None:
    source = state.agents[event.source]
    point = source.checkpoints[event.checkpoint]
    fork = AgentState(event.agent, event.entry, 0, since=at)
    fork.transcript = point.line[: point.length]
    fork.files.fork_of = event.source
    fork.files.fork_point = point.commit
    first = source.files.ground
    fork.files.fork_base = first.base if first and first.start else ""
    fork.files.fork_start = (first.start if first else "") or point.commit
    fork.log.append(LogLine(at, "check", f"forked from {event.source} at {event.checkpoint}"))
    state.agents[event.agent] = fork
    state.mailboxes.setdefault(event.agent, Mailbox())


def _merging(state: FleetState, event: MergeBegun, _at: float) -> None:
    files = state.agents[event.agent].files
    files.merging, files.failed = event.merge, ""


def _merged(state: FleetState, event: AgentMerged, at: float) -> None:
    agent = state.agents[event.agent]
    merge, ground = agent.files.merging, agent.files.ground
    agent.files.merging = None
    if merge is None or ground is None:
        return
    base = merge.branch or ground.base
    agent.files.ground = replace(ground, base=base, start=merge.work)
    branch = merge.onto.removeprefix("refs/heads/")
    agent.log.append(LogLine(at, "check", f"merged into {branch} as {merge.commit[:10]}"))


def _not_merged(state: FleetState, event: MergeFailed, at: float) -> None:
    agent = state.agents[event.agent]
    agent.files.merging, agent.files.failed = None, event.why
    agent.log.append(LogLine(at, "error", f"not merged: {event.why}"))


STEPS: dict[type, Any] = {
    GroundFound: _found,
    WorkspaceBegun: _begun,
    WorkspaceMade: _made,
    WorkspaceFailed: _failed,
    WorkspaceDoomed: _doomed,
    WorkspaceGone: _gone,
    FilesSeen: _seen,
    RollbackBegun: _rolling,
    RollbackFailed: _not_rolled,
    AgentForked: _forked,
    MergeBegun: _merging,
    AgentMerged: _merged,
    MergeFailed: _not_merged,
}
