"""The tools that the engine does itself, in one table; each may simply be done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fleettui.core.commands import CastVote, Delegate, SendBack, SendMessage
from fleettui.core.model import Actor, Finding, ToolResult
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.engine.memory_tools import forget, recall, remember
from fleettui.engine.order import Order
from fleettui.engine.remembering import Remembering
from fleettui.engine.talk_tools import (
    ask_agent,
    broadcast,
    passed_on,
    priority_of,
    publish,
    subscribe,
)

# None where the rules end the action themselves, later.
InnerTool = Callable[[Order, Remembering, FleetState, ActionState], Awaitable[ToolResult | None]]


async def submit_result(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Cast the agent's vote; the rules take it once."""
    given = action.facts.arguments
    vote = CastVote(
        state.id,
        action.turn,
        str(given.get("verdict", "")),
        _number(given.get("confidence")),
        str(given.get("reason", "")),
        _findings(given.get("findings")),
        await order.engine.payload(state.tenant, str(given.get("output") or "")),
    )
    await order.send(vote, Actor("agent", action.agent, state.tenant))
    return ToolResult("your result was taken")


async def send_message(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Put a message into another agent's queue, once by the action's id."""
    given = action.facts.arguments
    passed = await passed_on(order, state, action, "direct", str(given.get("to")), "text")
    body = await order.engine.payload(state.tenant, passed.text)
    message = SendMessage(state.id, passed.to, body, passed.priority, action.id)
    await order.send(message, Actor("agent", action.agent, state.tenant))
    return ToolResult(f"sent to {given.get('to')}")


async def delegate(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Give a sub-task away, once by the action's id; its end is the action's."""
    given = action.facts.arguments
    task = await order.engine.payload(state.tenant, str(given.get("task", "")))
    worker, skill = str(given.get("worker") or ""), str(given.get("skill") or "")
    await order.send(Delegate(state.id, action.id, task, worker, skill, priority_of(action)))


async def send_back(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> ToolResult:
    """Send the work before the agent back."""
    reason = str(action.facts.arguments.get("reason", ""))
    await order.send(SendBack(state.id, action.turn, reason))
    return ToolResult("it will be done again; end your turn now")


async def approval(
    _order: Order, _memories: Remembering, _state: FleetState, action: ActionState
) -> ToolResult:
    """Say who answered a workflow's question; there is nothing to do."""
    return ToolResult(f"approved by {', '.join(action.approved_by)}")


INNER_TOOLS: Final[Mapping[str, InnerTool]] = {
    "submit_result": submit_result,
    "send_message": send_message,
    "delegate": delegate,
    "send_back": send_back,
    "broadcast": broadcast,
    "publish": publish,
    "subscribe": subscribe,
    "ask_agent": ask_agent,
    "approval": approval,
    "remember": remember,
    "recall": recall,
    "forget": forget,
}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _findings(value: object) -> tuple[Finding, ...]:
    """Take what a model calls findings as far as it makes sense."""
    found: list[Finding] = []
    for one in value if isinstance(value, list) else []:
        if not isinstance(one, dict):
            found.append(Finding("", 0, "info", str(one)))
            continue
        line, severity = one.get("line"), str(one.get("severity", "info")).lower()
        known = severity in {"critical", "high", "medium", "low", "info"}
        found.append(
            Finding(
                str(one.get("file", "")),
                line if isinstance(line, int) else 0,
                severity if known else "info",  # type: ignore[arg-type]
                str(one.get("message", "")),
                str(one.get("rule", "")),
            )
        )
    return tuple(found)
