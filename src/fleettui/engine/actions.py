"""Actions: does what an event allows, once, and says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fleettui.core.commands import FinishAction, LoseAction, StartAction
from fleettui.core.errors import FleettuiError, OutcomeUnknown, Refused, ToolFailed
from fleettui.core.events import ActionAllowed, ActionApproved, Recorded
from fleettui.core.foreign import is_foreign
from fleettui.core.model import Facts, Priority, ToolCall, ToolResult, Workplace
from fleettui.core.state.fleet import ActionState, FleetState
from fleettui.engine.dispatch import Dispatch
from fleettui.engine.inner_tools import INNER_TOOLS
from fleettui.engine.insisting import until_stored
from fleettui.engine.keeping import Keeping
from fleettui.engine.loads import Loads
from fleettui.engine.order import Order
from fleettui.engine.remembering import Remembering
from fleettui.engine.slots import Slots
from fleettui.engine.telling import Telling
from fleettui.engine.watching import isolated
from fleettui.engine.workplace import workplace
from fleettui.ports import Toolbox, Vault


class Actions:
    """One task per action that is being done."""

    def __init__(
        self,
        order: Order,
        toolbox: Toolbox,
        vault: Vault,
        memories: Remembering,
        keeping: Keeping,
        dispatch: Dispatch,
        loads: Loads,
        group: asyncio.TaskGroup,
    ) -> None:
        self._order, self._engine = order, order.engine
        self._toolbox, self._vault, self._group = toolbox, vault, group
        self._memories, self._keeping, self._dispatch = memories, keeping, dispatch
        self._slots, self._loads = Slots(), loads
        self._first = True
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case ActionAllowed(action=name) | ActionApproved(action=name):
                action = self._engine.state(recorded.stream).action(name)
                if not is_foreign(action.facts.tool):
                    self._begin(recorded.stream, name)
            case _:
                pass

    async def catch_up(self) -> None:
        """Do what is allowed and not begun; what another process began is unknown.

        What an agent does itself is begun and ended by its turn, as long as this process lives.
        """
        first, self._first = self._first, False
        for state in self._engine.fleets():
            for name in sorted(state.open_actions):
                action = state.actions[name]
                foreign = is_foreign(action.facts.tool)
                if name in self._tasks or (foreign and not first):
                    continue
                if foreign and action.status != "started":
                    continue
                if action.status in {"allowed", "approved"} or (
                    action.status == "started" and _may_repeat(action)
                ):
                    self._begin(state.id, name)
                elif action.status == "started":
                    why = "the process that did it died; nobody knows whether it was done"
                    await self._order.send(LoseAction(state.id, name, why))

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks.values())

    def _begin(self, fleet: str, name: str) -> None:
        if name in self._tasks:
            return
        doing = isolated(self._do, fleet, name)
        task = self._group.create_task(doing, name=f"action {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def freeze(self, fleet: str, action: str, argv: tuple[str, ...]) -> Facts:
        """Nail down another argv for an action, for a person who edits it."""
        state = self._engine.state(fleet)
        found = state.action(action)
        if is_foreign(found.facts.tool):
            return found.facts  # the rule refuses it, and says why
        arguments = {**found.facts.arguments, **_edited(found.facts, argv)}
        return await self._toolbox.freeze(
            ToolCall(found.call, found.facts.tool, arguments),
            self._workplace(state, found),
        )

    async def _do(self, fleet: str, name: str) -> None:
        state = self._engine.state(fleet)
        action = state.action(name)
        await self._dispatch.wait_released(state.tenant)
        if action.facts.tool in INNER_TOOLS:
            await self._do_now(state, action)
            return
        async with self._slots.taken(fleet, action.agent, *_bounds(state, action)):
            if action.facts.argv:
                await self._loads.wait_room(state.tenant, action)
            await self._do_now(state, action)

    async def _do_now(self, state: FleetState, action: ActionState) -> None:
        fleet, name = state.id, action.id
        try:
            before = await self._keeping.before(fleet, action)
            if action.status != "started":
                call = ToolCall(action.call, action.facts.tool, action.facts.arguments)
                try:
                    place = self._workplace(state, action)
                    now = await self._toolbox.freeze(call, place)
                except ToolFailed as refusal:
                    now = Facts(action.facts.tool, action.facts.arguments, problem=str(refusal))
                start = StartAction(fleet, name, now)
                if not await until_stored(lambda: self._order.send(start)):
                    return
            result = await self._result(state, action)
            await self._keeping.after(fleet, action, before)
            if result is not None:
                await until_stored(lambda: self._finish(fleet, name, result))
        except OutcomeUnknown as unknown:
            lost = LoseAction(fleet, name, str(unknown))
            await until_stored(lambda: self._order.send(lost))
        except Refused:
            return

    def _workplace(self, state: FleetState, action: ActionState) -> Workplace:
        tenant = self._engine.tenant(state.tenant).spec
        return workplace(state, action.agent, action.run, self._vault, tenant)

    async def _finish(self, fleet: str, name: str, result: ToolResult) -> None:
        output = await self._engine.payload(self._engine.state(fleet).tenant, result.output)
        told = ToolResult("", result.ok, result.exit_code, result.size)
        await self._order.send(FinishAction(fleet, name, told, output))

    async def _result(self, state: FleetState, action: ActionState) -> ToolResult | None:
        """Do it; None where the rules end the action themselves, later."""
        try:
            inner = INNER_TOOLS.get(action.facts.tool)
            if inner is not None:
                return await inner(self._order, self._memories, state, action)
            place = self._workplace(state, action)
            telling = Telling(self._engine, state.id, action)
            try:
                return await self._toolbox.perform(action.facts, place, telling.say)
            finally:
                telling.stop()
        except OutcomeUnknown:
            raise
        except FleettuiError as failure:
            return ToolResult(str(failure), ok=False)
        except OSError as failure:
            return ToolResult(f"{type(failure).__name__}: {failure}", ok=False)


def _bounds(state: FleetState, action: ActionState) -> tuple[Priority, int, int]:
    """Give how urgent an action is, and how many run at once in its fleet and for its agent."""
    assert state.spec is not None
    most = state.spec.spec.tools_at_once
    spec = state.spec_of(action.agent) if action.agent in state.agents else None
    run, turn = state.runs.get(action.run), state.turns.get(action.turn)
    part = run.parts.get(action.part or (turn.part if turn else "")) if run else None
    priority: Priority = part.planned.priority if part else "normal"
    return priority, most, (spec.tools_at_once if spec else None) or most


def _edited(facts: Facts, argv: tuple[str, ...]) -> dict[str, Any]:
    """Give the arguments of a call for another argv: of the same program, where it has but one."""
    if facts.tool == "run":
        return {"argv": list(argv)}
    field = "script" if "script" in facts.arguments else "args"
    given = facts.arguments.get(field)
    count = 1 if isinstance(given, str) else len(given or ())
    kept = facts.argv[: len(facts.argv) - count]
    if argv[: len(kept)] != kept or (field == "script" and len(argv) != len(kept) + 1):
        raise Refused(f"{facts.tool} runs {' '.join(kept)} only", "change what follows it")
    return {field: argv[-1] if field == "script" else list(argv[len(kept) :])}


def _may_repeat(action: ActionState) -> bool:
    if is_foreign(action.facts.tool):
        return False
    return action.facts.tool in INNER_TOOLS or action.facts.risks == ("read",)
