"""Items: the parts of a task that is a list, for a fleet that works on one."""

from __future__ import annotations

from fleettui.core.coordination.splitting import Split, item_prompt, split_task, sticky_key
from fleettui.core.errors import Refused
from fleettui.core.model import Item, Payload, Workplace
from fleettui.core.spec.known import WITHOUT_TURNS
from fleettui.core.state.fleet import FleetState
from fleettui.engine.engine import Engine
from fleettui.ports import Files

# More items than that are more than a person can look at, and than a run should hold.
MOST_ITEMS = 10_000
# An item that becomes an argument of a program: in the events as it is, so not too long (bytes).
LONGEST_RAW = 8192


def batch_of(state: FleetState) -> tuple[int, bool]:
    """Say how many items one command of the fleet's workers takes, and whether it has workers."""
    assert state.spec is not None
    agents = [one.spec for one in state.spec.spec.agents if one.spec and one.role != "manager"]
    able = [spec for spec in agents if spec.type not in WITHOUT_TURNS]
    workers = [spec.batch_size for spec in able if spec.type == "worker"]
    if not workers:
        return 1, False
    return (min(workers) if len(workers) == len(able) else 1), True


def _batches(found: Split, batch: int, field: str | None) -> tuple[Item, ...]:
    """Put items together for commands that take several; raises Refused for one too long."""
    whole = len(found.items)
    if whole > MOST_ITEMS:
        raise Refused(f"the task has {whole:,} items, more than {MOST_ITEMS:,}", "give it in parts")
    made = []
    for at in range(0, whole, batch):
        some = tuple(found.items[at : at + batch])
        long = next((one for one in some if len(one.encode()) > LONGEST_RAW), None)
        if long is not None:
            raise Refused(
                f"the item '{long[:40]}...' is longer than {LONGEST_RAW} bytes",
                "a worker puts items into a command: give files, or shorter ones",
            )
        prompts = [
            item_prompt(found.wanted, item, number, whole)
            for number, item in enumerate(some, at + 1)
        ]
        text = "\n\n".join(prompts)
        if len(text.encode()) > LONGEST_RAW:
            text = f"Items {at + 1} to {at + len(some)} of {whole}"
        key = sticky_key(some[0], field)[:200]
        made.append(Item(Payload(text, len(text.encode())), key, some))
    return tuple(made)


class Items:
    """Finds the items of a task by its fleet's rule."""

    def __init__(self, engine: Engine, files: Files) -> None:
        self._engine, self._files = engine, files

    async def find(self, fleet: str, task: str) -> tuple[Item, ...]:
        """Give the items of a task, none where its fleet works on the whole or it is no list.

        Raises Refused where there are too many, or no file fits.
        """
        state = self._engine.state(fleet)
        assert state.spec is not None
        rules = state.spec.spec.coordination
        if rules.mode != "swarm":
            return ()
        found = await self._split(state, task)
        batch, raw = batch_of(state)
        if raw:
            return _batches(found, batch, rules.sticky_key)
        whole = len(found.items)
        if whole > MOST_ITEMS:
            raise Refused(
                f"the task has {whole:,} items, more than {MOST_ITEMS:,}", "give it in parts"
            )
        items = []
        for number, item in enumerate(found.items, 1):
            prompt = item_prompt(found.wanted, item, number, whole)
            payload = await self._engine.payload(state.tenant, prompt)
            items.append(Item(payload, sticky_key(item, rules.sticky_key)[:200]))
        return tuple(items)

    async def _split(self, state: FleetState, task: str) -> Split:
        assert state.spec is not None
        rule = state.spec.spec.coordination.split
        if isinstance(rule, str):
            return split_task(task, rule)
        place = Workplace(state.tenant, state.id, "", state.workspace)
        paths = await self._files.match(place, rule.files)
        if not paths:
            raise Refused(f"no file of {state.workspace} fits '{rule.files}'", "change spec.split")
        return Split(task, paths)
