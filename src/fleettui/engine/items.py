"""Items: the parts of a task that is a list, for a fleet that works on one."""

from __future__ import annotations

from fleettui.core.coordination.splitting import Split, item_prompt, split_task, sticky_key
from fleettui.core.errors import Refused
from fleettui.core.model import Item, Workplace
from fleettui.core.state.fleet import FleetState
from fleettui.engine.engine import Engine
from fleettui.ports import Files

# More items than that are more than a person can look at, and than a run should hold.
MOST_ITEMS = 10_000


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
        whole = len(found.items)
        if whole > MOST_ITEMS:
            raise Refused(
                f"the task has {whole:,} items, more than {MOST_ITEMS:,}", "give it in parts"
            )
        return tuple(
            [
                Item(
                    await self._engine.payload(item_prompt(found.wanted, item, number, whole)),
                    sticky_key(item, rules.sticky_key)[:200],
                )
                for number, item in enumerate(found.items, 1)
            ]
        )

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
