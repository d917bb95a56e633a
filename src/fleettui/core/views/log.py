"""The log of an agent: its transcript and what happened around it, in order of time."""

from __future__ import annotations

from collections.abc import Mapping

from fleettui.core.state.actions import describe
from fleettui.core.state.fleet import AgentState, Entry, FleetState
from fleettui.core.views.rows import LogRow

_ARGUMENTS_SHOWN = 160


def log_rows(
    state: FleetState, agent: AgentState | None, texts: Mapping[str, str]
) -> tuple[LogRow, ...]:
    """Give the log of an agent, or of the whole fleet; `texts` has large texts by digest."""
    agents = [agent] if agent is not None else list(state.agents.values())
    rows: list[LogRow] = []
    for one in agents:
        rows += [LogRow(line.at, line.kind, line.text, line.turn, one.id) for line in one.log]
        for entry in one.transcript:
            rows += _called(state, one.id, entry)
            rows += _entry_rows(one.id, entry, texts)
    rows += [LogRow(line.at, line.kind, line.text, line.turn, "") for line in state.log]
    return tuple(sorted(rows, key=lambda row: row.at))


def _called(state: FleetState, agent: str, entry: Entry) -> list[LogRow]:
    """Give the call behind a result that no model asked for: a worker's."""
    turn = state.turns.get(entry.turn)
    if entry.kind != "result" or turn is None or turn.steps:
        return []
    action = state.actions.get(turn.actions.get(entry.call, ""))
    if action is None:
        return []
    said = f"{action.facts.tool} {describe(action)}".replace("run ", "", 1)
    return [LogRow(action.at, "tool", said[:_ARGUMENTS_SHOWN], entry.turn, agent)]


def _entry_rows(agent: str, entry: Entry, texts: Mapping[str, str]) -> list[LogRow]:
    text = texts.get(entry.text.blob, entry.text.head)
    if entry.text.blob and entry.text.blob not in texts:
        text += f"\n... ({entry.text.size} bytes in all)"
    match entry.kind:
        case "prompt":
            return [LogRow(entry.at, "prompt", text, entry.turn, agent)]
        case "message":
            return [LogRow(entry.at, "message", text, entry.turn, agent)]
        case "result":
            return [LogRow(entry.at, "out", text, entry.turn, agent)]
        case "reply":
            rows = [LogRow(entry.at, "llm", text, entry.turn, agent)] if text else []
            for call in entry.calls:
                given = " ".join(f"{key}={value}" for key, value in call.arguments.items())
                shown = f"{call.name} {given}"[:_ARGUMENTS_SHOWN]
                rows.append(LogRow(entry.at, "tool", shown, entry.turn, agent))
            return rows
