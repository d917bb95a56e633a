"""LlmRuntime: the tool loop of an agent that is a model with tools."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fleettui.core.errors import FleettuiError
from fleettui.core.model import ToolCall
from fleettui.ports import Turn, TurnDoor


class LlmRuntime:
    """Asks the model, does what it calls for, and goes on until it answers or submits a result."""

    async def perform(self, turn: Turn, door: TurnDoor) -> str:
        """Go on with the turn from where its conversation stands; return the agent's answer."""
        while True:
            await door.wait_may_go_on()
            for calls in turn.pending():
                await door.wait_may_go_on()
                await _act(door, calls)
            submitted = turn.submitted()
            if submitted is not None:
                return submitted
            last = turn.conversation()[-1]
            if last.role == "system":
                # The message this turn was for is gone; there is nothing to answer.
                return ""
            if last.role == "assistant" and not last.tool_calls:
                return last.content
            if turn.steps_taken() >= turn.most_steps:
                raise FleettuiError(
                    f"{turn.agent} made {turn.most_steps} model calls without coming to an end",
                    "give it more with spec.max_iterations, or a smaller task",
                )
            await door.ask_model()


async def _act(door: TurnDoor, calls: Sequence[ToolCall]) -> None:
    """Do calls side by side; the first failure ends all of them and is raised."""
    if len(calls) == 1:
        await door.act(calls[0])
        return
    try:
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(door.act(call))
    except* FleettuiError as failures:
        first: BaseException = failures
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
