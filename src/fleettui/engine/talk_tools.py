"""The tools by which agents talk to all, to who subscribed, and by question and answer."""

from __future__ import annotations

from fleettui.core.commands import AskAgent, Broadcast, Publish, Subscribe
from fleettui.core.model import PRIORITIES, MessageKind, Priority
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.engine.middleware import Envelope
from fleettui.engine.order import Order
from fleettui.engine.remembering import Remembering

# The rules end each of these actions, in the commit that carries it out or later.


async def broadcast(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Send a message to every agent."""
    passed = await passed_on(order, state, action, "broadcast", "", "text")
    body = await order.engine.payload(state.tenant, passed.text)
    await order.send(Broadcast(state.id, action.id, body, passed.priority))


async def publish(
    order: Order, _memories: Remembering, state: FleetState, action: ActionState
) -> None:
    """Send a message to every agent that subscribed to its topic."""
    given = action.facts.arguments
    passed = await passed_on(order, state, action, "topic", str(given.get("topic", "")), "text")
    body = await order.engine.payload(state.tenant, passed.text)
    await order.send(Publish(state.id, action.id, passed.to, body, passed.priority))


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
    to = str(given.get("to", ""))
    passed = await passed_on(order, state, action, "question", to, "question")
    body = await order.engine.payload(state.tenant, passed.text)
    await order.send(AskAgent(state.id, action.id, passed.to, body, passed.priority))


def priority_of(action: ActionState) -> Priority:
    """Give the priority that a call asks for, normal where it makes no sense."""
    wanted = action.facts.arguments.get("priority")
    return next((name for name in PRIORITIES if name == wanted), "normal")


async def passed_on(
    order: Order, state: FleetState, action: ActionState, kind: MessageKind, to: str, field: str
) -> Envelope:
    """Send a message through the fleet's middleware; raises Refused where one keeps it back."""
    text = str(action.facts.arguments.get(field, ""))
    envelope = Envelope(
        state.tenant, state.id, action.agent, kind, to, priority_of(action), text,
        order.engine.clock.now(),
    )  # fmt: skip
    return await order.chain.pass_through(state, envelope)
