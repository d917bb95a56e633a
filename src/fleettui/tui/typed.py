"""Typed commands: a line after `:`, read into a command or a key's action."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

from fleettui.core.commands import (
    CancelRun,
    ForgetEntry,
    MakeCheckpoint,
    MergeAgent,
    MoveAgent,
    OperatorCommand,
    SendMessage,
)
from fleettui.core.errors import FleettuiError
from fleettui.core.model import Payload
from fleettui.core.views.rows import AgentRow, Board

Verb = Literal["start", "pause", "resume", "stop", "restart", "remove"]
_VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
# What is typed alone, and the action it means.
_ALONE: Final = {
    "quit": "screen.leave", "q": "screen.leave", "help": "screen.help", "hold": "screen.hold",
    "reload": "screen.reload", "undo": "screen.undo", "redo": "screen.redo",
    "rules": "screen.rules", "tenants": "screen.go('tenants')", "flows": "screen.go('flows')",
    "agents": "screen.go('agents')", "queue": "screen.go('queue')",
    "votes": "screen.go('votes')", "inbox": "screen.go('inbox')",
    "detail": "screen.go('detail')", "theme": "app.next_theme",
}  # fmt: skip
_OF_AGENTS: Final = (*_VERBS, "checkpoint", "merge", "send")
SUGGESTIONS: Final = (
    "run ",
    *(f"{verb} " for verb in _OF_AGENTS),
    "fleet",
    "forget ",
    *sorted(_ALONE),
)


class TypedError(FleettuiError):
    """A typed line that can't be carried out."""


class Typed(NamedTuple):
    """What a line means: exactly one of command, task, fleet and action is set."""

    command: OperatorCommand | None = None
    words: str = ""
    task: str = ""
    fleet: str = ""
    action: str = ""


def parse_typed(line: str, board: Board) -> Typed:
    """Read a typed line; raises TypedError that says what could be typed."""
    word, _, rest = line.strip().removeprefix(":").partition(" ")
    rest = rest.strip()
    if word == "run":
        return Typed(task=_some(rest, "run TEXT"))
    if word == "theme" and rest:
        return Typed(action=f"app.use_theme({rest!r})")
    if word == "fleet":
        return Typed(fleet=_fleet(board, rest))
    if word == "forget":
        key = _some(rest, "forget KEY")
        return Typed(ForgetEntry(board.fleet, key), f"forgotten: {key}")
    if word == "cancel":
        run = next((row for row in board.runs if row.state == "running"), None)
        if run is None:
            raise TypedError("no run goes on")
        return Typed(CancelRun(run.fleet, run.id, "by hand"), f"cancelled {run.id}")
    if word in _ALONE and not rest:
        return Typed(action=_ALONE[word])
    if word in _OF_AGENTS:
        return _of_agent(word, rest, board)
    raise TypedError(f"there is no command '{word}'", "? lists the keys, :run TEXT runs a task")


def _of_agent(word: str, rest: str, board: Board) -> Typed:
    name, _, text = rest.partition(" ")
    agent = _agent(board, name)
    if word == "send":
        body = Payload(_some(text.strip(), "send AGENT TEXT"))
        return Typed(SendMessage(agent.fleet, agent.id, body), f"sent to {agent.name}")
    if word == "checkpoint":
        return Typed(MakeCheckpoint(agent.fleet, agent.id), f"made a checkpoint of {agent.name}")
    if word == "merge":
        return Typed(MergeAgent(agent.fleet, agent.id), f"merged the work of {agent.name}")
    verb = next(verb for verb in _VERBS if verb == word)
    return Typed(MoveAgent(agent.fleet, agent.id, verb), f"{word}: {agent.name}")


def _agent(board: Board, name: str) -> AgentRow:
    fitting = [row for row in board.agents if row.name == name]
    fitting = fitting or [row for row in board.agents if name and row.name.startswith(name)]
    if len(fitting) != 1:
        names = ", ".join(row.name for row in board.agents)
        raise TypedError(f"no single agent is named '{name}'", f"there are: {names or 'none'}")
    return fitting[0]


def _fleet(board: Board, name: str) -> str:
    if all(row.id != name for row in board.fleets):
        names = ", ".join(row.id for row in board.fleets)
        raise TypedError(f"no fleet is named '{name}'", f"there are: {names or 'none'}")
    return name


def _some(text: str, usage: str) -> str:
    if not text:
        raise TypedError("something is missing", f"type :{usage}")
    return text
