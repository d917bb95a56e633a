"""Swarm mode: a list of items over all agents; whoever is free takes the next one."""

from __future__ import annotations

from collections.abc import Sequence

from fleettui.core.coordination.distribution import choose
from fleettui.core.coordination.synthesis import synthesise
from fleettui.core.coordination.work import OPEN, Work, done, title, with_task
from fleettui.core.events import TurnCancelled
from fleettui.core.model import Given, Item, Payload
from fleettui.core.state.fleet import PartState
from fleettui.core.state.parts import OVER
from fleettui.core.state.roster import coordination_of, manager_of, workers_of

_SPLIT = (
    "Split this task into items that can be worked on one by one, without each other. Answer with "
    "a JSON list of texts, one an item, and nothing else."
)
# How many failed items the reason of a run names.
_NAMED = 3


def begin(work: Work, at: float) -> None:
    """Plan the items, or a manager's turn that finds them where the task is no list."""
    del at
    if work.run.items:
        _plan_items(work, work.run.items)
    elif manager := manager_of(work.state, work.run):
        work.plan([work.part("split", "split", agent=manager)])
    else:
        work.plan([work.part("item", "item 1", text=work.run.task)])


def advance(work: Work, at: float) -> None:
    """Hand out items, take over what is slow or failed, and end when every item has ended."""
    parts = list(work.run.parts.values())
    if parts and parts[0].kind == "split" and not _is_split(work, parts):
        return
    items = [part for part in parts if part.kind == "item"]
    agents = workers_of(work.state, work.run) or work.run.agents
    again = [
        part for part in items if part.status == "failed" and _may_try_again(work, part, agents)
    ]
    for part in again:
        work.move(part, "waiting", part.why)
    if again:
        return
    _take_over(work, agents, at)
    _hand_out(work, agents, at)
    if items and all(part.status in OVER for part in items):
        _end(work, items)


def _plan_items(work: Work, items: Sequence[Item]) -> None:
    work.plan(
        work.part("item", f"item {number}", text=item.text, key=item.key, raw=item.raw)
        for number, item in enumerate(items, 1)
    )


def _is_split(work: Work, parts: Sequence[PartState]) -> bool:
    """Go on with the manager's split; True once there are items."""
    part = parts[0]
    if part.status == "waiting":
        _begin_split(work, part)
    elif part.status == "done" and len(parts) == 1:
        plan = work.state.turns[part.turn].plan
        steps = plan.steps if plan else ()
        given = (Item(work.run.task),)
        work_items = tuple(_item(text, place, len(steps)) for place, text in enumerate(steps, 1))
        _plan_items(work, work_items or given)
    elif part.status in OVER - {"done"}:
        work.finish("failed", f"the task could not be split: {part.why}")
    return part.status == "done" and len(parts) > 1


def _begin_split(work: Work, part: PartState) -> None:
    if work.is_gone(part.planned.agent):
        work.move(part, "failed", f"{part.planned.agent} is stopped")
    elif work.is_free(part.planned.agent):
        prompt, task = with_task(work.run, _SPLIT)
        work.open(part, part.planned.agent, prompt, given=task)


def _item(text: str, number: int, whole: int) -> Item:
    prompt = f"Item {number} of {whole}: {text}"
    return Item(Payload(prompt, len(prompt.encode())), text, (text,))


def _hand_out(work: Work, agents: Sequence[str], at: float) -> None:
    lease = coordination_of(work.state).swarm.lease
    split = any(part.kind == "split" for part in list(work.run.parts.values())[:1])
    given = (Given("The whole task, of which this is an item", work.run.id),) if split else ()
    for name in work.run.ready:
        if not any(work.is_free(agent) for agent in agents):
            break
        part = work.run.parts[name]
        agent = choose(work, part, agents)
        if agent:
            work.open(part, agent, part.planned.text, given=given, due=at + lease)


def _take_over(work: Work, agents: Sequence[str], at: float) -> None:
    """Give items whose lease is over to others that are free; a person's wait is no slowness."""
    lease = coordination_of(work.state).swarm.lease
    for name in list(work.run.going):
        part = work.run.parts[name]
        if not part.due or part.due > at:
            continue
        if work.state.agents[part.agent].status in {"paused", "waiting"}:
            work.move(part, "running", part.why, due=at + lease)
        elif any(work.is_free(one) for one in agents if one not in {part.agent, *part.failed_by}):
            turn = work.state.turns[part.turn]
            work.move(part, "waiting", f"{part.agent} was slow: its lease of {lease:g} s is over")
            if turn.status in OPEN:
                work.add(TurnCancelled(turn.id, "its lease is over, another agent takes the item"))


def _may_try_again(work: Work, part: PartState, agents: Sequence[str]) -> bool:
    """Say whether somebody is left who has not failed at an item, and it has tries left."""
    left = any(not work.is_gone(one) for one in agents if one not in part.failed_by)
    return left and part.tries < coordination_of(work.state).swarm.tries


def _end(work: Work, items: Sequence[PartState]) -> None:
    """End the run with the outputs in the order of the items."""
    coordination = coordination_of(work.state)
    failed = [part for part in items if part.status != "done"]
    if coordination.aggregation == "manager_synthesis" and done(items):
        synthesise(work, items)
        return
    some = "; ".join(f"{title(part)}: {part.why}" for part in failed[:_NAMED])
    more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    reason = f"{len(failed)} of {len(items)} items failed: {some}{more}" if failed else ""
    partial = coordination.consensus.allow_partial and done(items)
    work.finish("finished" if partial or not failed else "failed", reason, done(items))
