"""Typed commands: a line after `:`, read into a command or a key's action."""

from __future__ import annotations

from collections.abc import Sequence
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
from fleettui.core.tenancy import short_id
from fleettui.core.views.rows import AgentRow, Board, FleetRow, TenantRow

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
_MOST_NAMED: Final = 6
_OF_AGENTS: Final = (*_VERBS, "checkpoint", "merge", "send")
SUGGESTIONS: Final = (
    "run ",
    *(f"{verb} " for verb in _OF_AGENTS),
    "fleet ",
    "tenant ",
    "forget ",
    *sorted(_ALONE),
)


class TypedError(FleettuiError):
    """A typed line that can't be carried out."""


class Typed(NamedTuple):
    """What a line means: exactly one of command, task, fleet, action and tenant is set.

    An empty tenant means all of them.
    """

    command: OperatorCommand | None = None
    words: str = ""
    task: str = ""
    fleet: str = ""
    action: str = ""
    tenant: str | None = None


def parse_typed(line: str, board: Board, whole: Board) -> Typed:
    """Read a typed line; raises TypedError that says what could be typed.

    `board` is what is in the scope, `whole` all that the operator may see.
    """
    word, _, rest = line.strip().removeprefix(":").partition(" ")
    rest = rest.strip()
    if word == "run":
        return Typed(task=_some(rest, "run TEXT"))
    if word == "theme" and rest:
        return Typed(action=f"app.use_theme({rest!r})")
    if word == "fleet":
        return Typed(fleet=_fleet(board, whole, rest))
    if word == "tenant":
        return Typed(tenant=_tenant(whole, rest))
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


def _fleet(board: Board, whole: Board, name: str) -> str:
    """Give the fleet of an id, or of the name it has in the tenant shown."""
    if any(row.id == name for row in whole.fleets):
        return name
    fitting = [row.id for row in board.fleets if short_id(row.id) == name]
    if len(fitting) != 1:
        raise TypedError(f"no single fleet is named '{name}'", _there_are(board.fleets))
    return fitting[0]


def _tenant(whole: Board, name: str) -> str:
    if name and all(row.name != name for row in whole.tenants):
        raise TypedError(f"no tenant is named '{name}'", _there_are(whole.tenants))
    return name


def _there_are(rows: Sequence[FleetRow] | Sequence[TenantRow]) -> str:
    names = [row.id if isinstance(row, FleetRow) else row.name for row in rows]
    more = ", ..." if len(names) > _MOST_NAMED else ""
    return f"there are: {', '.join(names[:_MOST_NAMED]) or 'none'}{more}"


def _some(text: str, usage: str) -> str:
    if not text:
        raise TypedError("something is missing", f"type :{usage}")
    return text
