"""The tools by which agents talk to all, to who subscribed, and by question and answer."""

from __future__ import annotations

from fleettui.core.commands import AskAgent, Broadcast, Publish, Subscribe
from fleettui.core.model import PRIORITIES, Priority
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.engine.order import Order
from fleettui.engine.remembering import Remembering

# The rules end each of these actions, in the commit that carries it out or later.


async def broadcast(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Send a message to every agent."""
    body = await order.engine.payload(str(action.facts.arguments.get("text", "")))
    await order.send(Broadcast(state.id, action.id, body, priority_of(action)))


async def publish(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Send a message to every agent that subscribed to its topic."""
    given = action.facts.arguments
    body = await order.engine.payload(str(given.get("text", "")))
    topic = str(given.get("topic", ""))
    await order.send(Publish(state.id, action.id, topic, body, priority_of(action)))


async def subscribe(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Subscribe the agent to topics."""
    pattern = str(action.facts.arguments.get("topic", ""))
    await order.send(Subscribe(state.id, action.id, pattern))


async def ask_agent(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Put a question to another agent; its answer ends the action."""
    given = action.facts.arguments
    body = await order.engine.payload(str(given.get("question", "")))
    await order.send(
        AskAgent(state.id, action.id, str(given.get("to", "")), body, priority_of(action))
    )


def priority_of(action: ActionState) -> Priority:
    """Give the priority that a call asks for, normal where it makes no sense."""
    wanted = action.facts.arguments.get("priority")
    return next((name for name in PRIORITIES if name == wanted), "normal")
