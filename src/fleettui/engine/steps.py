"""Steps: does what a workflow's step is that is no agent's turn: commands, questions, fleets."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from fleettui.core.commands import AdmitFleet, FinishPart, JudgePart, ProposeAction, StartRun
from fleettui.core.coordination.results import read_items, source_of, values_of
from fleettui.core.coordination.workflow import step_of
from fleettui.core.decide.actions import FLEET_ITSELF
from fleettui.core.errors import FleettuiError, Refused
from fleettui.core.events import PartMoved, Recorded, RunFinished
from fleettui.core.model import Payload, ToolCall
from fleettui.core.spec.condition import Condition, UnreadableCondition
from fleettui.core.spec.workflow import Step
from fleettui.core.state.fleet import FleetState, PartState, RunState
from fleettui.core.state.outputs import handed_output
from fleettui.core.state.parts import READING
from fleettui.core.views.runs import run_text
from fleettui.engine.door import workplace
from fleettui.engine.insisting import until_stored
from fleettui.engine.items import Items
from fleettui.engine.order import Order, nonce_of
from fleettui.engine.watching import isolated
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
        self._specs, self._items, self._group = specs, items, group
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case PartMoved(run=run, part=part, to="running"):
                self._begin(self._engine.state(recorded.stream), run, part)
            case RunFinished(run=run):
                self._tell_parent(self._engine.state(recorded.stream).run(run))
            case _:
                pass

    def catch_up(self) -> None:
        """Begin every step that goes on and that nobody performs."""
        for state in self._engine.fleets():
            run = state.running()
            if run is not None and run.mode == "workflow":
                for part in list(run.going):
                    self._begin(state, run.id, part)
            for ended in state.runs.values():
                self._tell_parent(ended)

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
                await self._start_fleet(state, run, part, step)
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
                one.id: await self._engine.text(one.output)
                for one in run.parts.values()
                if one.output.blob
            }
            met = Condition(step.when).holds(values_of(state, run, texts))
            judged = JudgePart(state.id, run.id, part.id, met, None, f"when {step.when}")
        else:
            text = await self._engine.text(source_of(run, str(step.for_each)))
            judged = JudgePart(state.id, run.id, part.id, items=tuple(read_items(text)))
        await until_stored(lambda: self._order.send(judged))

    # --- commands and questions -----------------------------------------------------------------

    async def _propose(self, state: FleetState, run: RunState, part: PartState, step: Step) -> None:
        """Propose the action of a step, once a try: an older try's action is over."""
        key = f"step {part.id} {part.tries}"
        known = state.actions.get(part.action)
        if known is not None and known.status not in {"finished", "denied", "expired"}:
            return
        if part.kind == "run":
            argv = [await self._filled(run, part, word) for word in step.run or ()]
            limit = {"timeout": min(max(step.timeout, 1.0), 3600.0)} if step.timeout else {}
            call = ToolCall(key, "run", {"argv": argv, **limit})
        else:
            text = await self._filled(run, part, step.approval or "")
            wanted = {"approvers": list(step.approvers)} if step.approvers else {}
            needs = {"require": step.require} if step.require else {}
            call = ToolCall(key, "approval", {"text": text, **wanted, **needs})
        facts = await self._toolbox.freeze(
            call, workplace(state, FLEET_ITSELF, run.id, self._vault)
        )
        why = f"step {part.name} of {run.id}"
        nonce = nonce_of(run, key)
        proposed = ProposeAction(state.id, "", call, facts, nonce, run.id, why, part.id)
        await until_stored(lambda: self._order.send(proposed))

    async def _filled(self, run: RunState, part: PartState, text: str) -> str:
        """Put the item, the task and earlier outputs into a text."""
        if "{" not in text:
            return text
        filled = text.replace("{item}", part.planned.text.head if part.planned.parent else "")
        if "{task}" in filled:
            filled = filled.replace("{task}", await self._engine.text(run.task))
        for one in run.parts.values():
            word = f"{{steps.{one.name}.output}}"
            if word in filled:
                filled = filled.replace(word, (await self._engine.text(one.output)).strip())
        return filled

    # --- other fleets ---------------------------------------------------------------------------

    async def _start_fleet(
        self, state: FleetState, run: RunState, part: PartState, step: Step
    ) -> None:
        """Open another fleet's file and give it a task, once a try."""
        if step.for_each is not None and not part.planned.parent:
            return
        path = str((Path(state.file).parent / (step.fleet or "")).resolve())
        if path == state.file:
            raise FleettuiError(f"{step.fleet} is the file of this workflow itself")
        environment = self._vault.environment(state.id)
        loaded = await asyncio.to_thread(self._specs.load_fleet, path, environment)
        fleet = f"{state.id}-{part.name}".replace("[", "-").replace("]", "")
        self._vault.keep(fleet, environment)
        await self._engine.send(
            AdmitFleet(fleet, loaded.name, path, state.workspace, loaded.spec, loaded.warnings)
        )
        seed = f"{part.id} {part.tries}"
        other = self._engine.state(fleet)
        mine = (one for one in other.runs.values() if one.seed == seed)
        if any(one.started >= part.started for one in mine):
            return
        text = await self._filled(run, part, step.task or "") or await self._engine.text(run.task)
        task = await self._engine.payload(text)
        items = await self._items.find(fleet, text)
        await self._order.send(StartRun(fleet, task, run.base, run.record, run.replay, seed, items))

    def _tell_parent(self, ended: RunState) -> None:
        """End the step that a run was started for; one without a verdict waits for a person."""
        name = ended.seed.partition(" ")[0]
        fleet = name.rpartition("/")[0]
        over = ended.status in {"finished", "failed", "cancelled"}
        if not over or ended.seed == name or fleet not in {one.id for one in self._engine.fleets()}:
            return
        state = self._engine.state(fleet)
        run = next((one for one in state.runs.values() if name in one.parts), None)
        part = run.parts[name] if run else None
        current = part is not None and ended.started >= part.started
        if run is None or part is None or part.status != "running" or not current:
            return
        self._go(f"end of {ended.id}", isolated(self._finish, fleet, run.id, part.id, ended))

    async def _finish(self, fleet: str, run: str, part: str, ended: RunState) -> None:
        texts = {
            given.of: await self._engine.text(handed_output(ended, given.of))
            for given in ended.output
        }
        output: Payload = await self._engine.payload(run_text(ended, texts))
        ok = ended.status == "finished"
        finished = FinishPart(fleet, run, part, ok, output, ended.reason)
        await until_stored(lambda: self._order.send(finished))
