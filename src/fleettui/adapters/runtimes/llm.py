"""LlmRuntime: the tool loop of an agent that is a model with tools."""

from __future__ import annotations

from fleettui.core.errors import FleettuiError
from fleettui.ports import Turn, TurnDoor


class LlmRuntime:
    """Asks the model, does what it calls for, and goes on until it answers or submits a result."""

    async def perform(self, turn: Turn, door: TurnDoor) -> str:
        """Go on with the turn from where its conversation stands; return the agent's answer."""
        while True:
            await door.wait_may_go_on()
            for call in turn.pending():
                await door.wait_may_go_on()
                await door.act(call)
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
