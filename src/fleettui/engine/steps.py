"""Steps: does what a workflow's step is that is no agent's turn: commands, questions, fleets."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from fleettui.core.commands import FinishPart, JudgePart, ProposeAction
from fleettui.core.coordination.results import joined, outputs_of, read_items, sources_of, values_of
from fleettui.core.coordination.workflow import step_of
from fleettui.core.decide.actions import FLEET_ITSELF
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.events import FleetStopping, PartMoved, Recorded, RunFinished
from fleettui.core.model import ToolCall
from fleettui.core.spec.condition import Condition, UnreadableCondition
from fleettui.core.spec.words import fill, step_of_word, words_in
from fleettui.core.spec.workflow import Step
from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.parts import READING
from fleettui.engine.insisting import until_stored
from fleettui.engine.items import Items
from fleettui.engine.order import Order, nonce_of
from fleettui.engine.subfleets import Subfleets
from fleettui.engine.watching import isolated
from fleettui.engine.workplace import workplace
from fleettui.ports import Specs, Toolbox, Vault

# What the steps that this performs are; the others are turns, or the rules' own.
KINDS = frozenset({"run", "approval", "fleet"})


class Steps:
    """One task per step while it is begun; what comes of it are events."""

    def __init__(
        self, order: Order, toolbox: Toolbox, vault: Vault, specs: Specs, items: Items,
        group: asyncio.TaskGroup,
    ) -> None:  # fmt: skip
        self._order, self._engine = order, order.engine
        self._toolbox, self._vault = toolbox, vault
        self._group = group
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._subfleets = Subfleets(order, vault, specs, items, self._go)

    def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case PartMoved(run=run, part=part, to="running"):
                self._begin(self._engine.state(recorded.stream), run, part)
            case PartMoved(run=run, part=part):
                if self._engine.state(recorded.stream).part(run, part).kind == "fleet":
                    self._subfleets.end_lost()
            case RunFinished(run=run):
                self._subfleets.tell_parent(self._engine.state(recorded.stream).run(run))
                self._subfleets.end_lost()
            case FleetStopping():
                self._subfleets.end_lost()
            case _:
                pass

    def catch_up(self) -> None:
        """Begin every step that goes on and that nobody performs."""
        for state in self._engine.fleets():
            run = state.running()
            if run is not None and run.mode == "workflow":
                for part in list(run.going):
                    self._begin(state, run.id, part)
        self._subfleets.settle_all()

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return list(self._tasks.values())

    def _begin(self, state: FleetState, run: str, name: str) -> None:
        part = state.part(run, name)
        wanted = part.kind in KINDS or part.why == READING
        if wanted and state.run(run).mode == "workflow":
            key = f"step {name} {part.tries} {part.started} {part.why}"
            self._go(key, isolated(self._perform, state, state.run(run), part))

    def _go(self, key: str, doing: Coroutine[Any, Any, None]) -> None:
        """Do something once at a time."""
        if key in self._tasks:
            doing.close()
            return
        task = self._group.create_task(doing, name=key)
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _perform(self, state: FleetState, run: RunState, part: PartState) -> None:
        step = step_of(state, part)
        if step is None or part.status != "running":
            return
        try:
            if part.why == READING:
                await self._read(state, run, part, step)
            elif part.kind == "fleet":
                if step.for_each is None or part.planned.parent:
                    text = await self._filled(state, run, part, step.task or "{task}")
                    await self._subfleets.start(state, run, part, step, text)
            elif step.for_each is None or part.planned.parent:
                await self._propose(state, run, part, step)
        except Refused:
            return
        except (FleettuiError, UnreadableCondition, OSError) as failure:
            failed = FinishPart(state.id, run.id, part.id, ok=False, why=str(failure))
            await until_stored(lambda: self._order.send(failed))

    # --- conditions and lists that look at large outputs ----------------------------------------

    async def _read(self, state: FleetState, run: RunState, part: PartState, step: Step) -> None:
        if step.when is not None:
            texts = {
                one.id: await self._engine.text(state.tenant, one.output)
                for one in run.parts.values()
                if one.output.blob
            }
            met = Condition(step.when).holds(values_of(state, run, texts))
            judged = JudgePart(state.id, run.id, part.id, met, None, f"when {step.when}")
        else:
            sources = sources_of(run, str(step.for_each))
            found = [
                read_items(await self._engine.text(state.tenant, source)) for source in sources
            ]
            items = tuple(item for some in found for item in some)
            judged = JudgePart(state.id, run.id, part.id, items=items)
        await until_stored(lambda: self._order.send(judged))

    # --- commands and questions -----------------------------------------------------------------

    async def _propose(self, state: FleetState, run: RunState, part: PartState, step: Step) -> None:
        """Propose the action of a step, once a try: an older try's action is over."""
        key = f"step {part.id} {part.tries}"
        known = state.actions.get(part.action)
        if known is not None and known.status not in {"finished", "denied", "expired"}:
            return
        if part.kind == "run":
            argv = [await self._filled(state, run, part, word) for word in step.run or ()]
            limit = {"timeout": min(max(step.timeout, 1.0), 3600.0)} if step.timeout else {}
            call = ToolCall(key, "run", {"argv": argv, **limit})
        else:
            text = await self._filled(state, run, part, step.approval or "")
            wanted = {"approvers": list(step.approvers)} if step.approvers else {}
            needs = {"require": step.require} if step.require else {}
            call = ToolCall(key, "approval", {"text": text, **wanted, **needs})
        facts = await self._toolbox.freeze(
            call,
            workplace(
                state, FLEET_ITSELF, run.id, self._vault, self._engine.tenant(state.tenant).spec
            ),
        )
        why = f"step {part.name} of {run.id}"
        nonce = nonce_of(run, key)
        proposed = ProposeAction(state.id, "", call, facts, nonce, run.id, why, part.id)
        await until_stored(lambda: self._order.send(proposed))

    async def _filled(self, state: FleetState, run: RunState, part: PartState, text: str) -> str:
        """Put the item, the task and earlier outputs into a text."""
        values: dict[str, str] = {}
        for word in words_in(text):
            if step := step_of_word(word):
                parts = outputs_of(run, [one for one in run.parts.values() if one.name == step])
                outputs = [await self._engine.text(state.tenant, one.output) for one in parts]
                values[word] = joined(outputs).strip() if outputs else ""
            elif word == "task":
                values[word] = await self._engine.text(state.tenant, run.task)
            else:
                values[word] = part.planned.text.head if part.planned.parent else ""
        return fill(text, values)
