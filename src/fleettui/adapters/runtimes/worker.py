"""WorkerRuntime: an agent without a model, which does one thing to every task it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fleettui.core.errors import FleettuiError
from fleettui.core.model import ToolCall, ToolResult
from fleettui.core.spec.agent import AgentSpec
from fleettui.core.spec.template import Filling, Unfillable, fill, fill_arguments, fill_argv
from fleettui.ports import Task, Turn, TurnDoor

# What the reason of a failure shows of the program's output, in characters.
_SHOWN = 300


class WorkerRuntime:
    """Fills its template in with a task, proposes it as an action, and gives what came of it."""

    async def perform(self, turn: Turn, door: TurnDoor) -> str:
        """Do the turn's part of a run, and every message that came for the agent meanwhile.

        Raises FleettuiError where a template can't be filled in, and for an exit code that
        stands for no verdict and is not 0.
        """
        outputs: list[str] = []
        while True:
            await door.wait_may_go_on()
            waiting = list(turn.tasks())[len(outputs) :]
            if not waiting:
                break
            outputs += await self._do_all(turn, door, waiting, len(outputs))
        return "\n\n".join(outputs)

    async def _do_all(
        self, turn: Turn, door: TurnDoor, tasks: Sequence[Task], first: int
    ) -> Sequence[str]:
        """Do tasks side by side, as many as the agent may; the first failure ends the others."""
        room = asyncio.Semaphore(turn.spec.max_concurrent_tasks)

        async def do(number: int, task: Task) -> str:
            async with room:
                return await _do(turn, door, number, task)

        try:
            async with asyncio.TaskGroup() as group:
                doing = [
                    group.create_task(do(first + at, task)) for at, task in enumerate(tasks, 1)
                ]
        except* FleettuiError as failures:
            raise _first(failures) from None
        return [one.result() for one in doing]


async def _do(turn: Turn, door: TurnDoor, number: int, task: Task) -> str:
    call = _call(turn.spec, number, task)
    result = await door.act(call)
    verdict = (
        turn.spec.verdicts.get(str(result.exit_code)) if result.exit_code is not None else None
    )
    if turn.options:
        if verdict is None:
            raise FleettuiError(
                f"{_ended(call, result)}, which stands for no verdict",
                "give one for it in spec.verdicts",
            )
        await door.vote(verdict, f"exit {result.exit_code}")
    elif verdict is None and not result.ok:
        raise FleettuiError(_ended(call, result))
    return result.output


def _call(spec: AgentSpec, number: int, task: Task) -> ToolCall:
    """Make the call for a task; the same task of a turn always makes the same."""
    filling = Filling(task.text, task.items, task.input)
    arguments: dict[str, Any]
    try:
        if spec.tool is not None:
            arguments = fill_arguments(spec.arguments, filling)
        else:
            arguments = {"argv": fill_argv(spec.run, filling)}
            if spec.stdin is not None:
                arguments["stdin"] = fill(spec.stdin, filling)
            if spec.resource_limits and spec.resource_limits.timeout:
                arguments["timeout"] = min(max(spec.resource_limits.timeout, 1.0), 3600.0)
    except Unfillable as problem:
        raise FleettuiError(str(problem)) from problem
    return ToolCall(f"task {number}", spec.tool or "run", arguments)


def _ended(call: ToolCall, result: ToolResult) -> str:
    """Say how a call ended, with the end of what it wrote."""
    what = " ".join(call.arguments.get("argv", (call.name,)))
    how = f"exited with {result.exit_code}" if result.exit_code is not None else "was not done"
    said = result.output.strip()[-_SHOWN:]
    return f"{what[:_SHOWN]} {how}" + (f": {said}" if said else "")


def _first(failures: BaseExceptionGroup[FleettuiError]) -> BaseException:
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
