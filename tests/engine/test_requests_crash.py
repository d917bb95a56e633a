"""A host that dies after any one event: its messages are answered once, and run once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from engine.flow_kit import serving
from fleettui.adapters.memory.store import MemoryStore
from fleettui.core.events.requests import (
    RequestFailed,
    RequestFinished,
    RequestQueued,
    RequestReplied,
    RequestStarted,
)
from fleettui.ports import Row


class WitnessedStore(MemoryStore):
    """A store that remembers every commit, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[Sequence[Row]] = []

    async def append(self, rows: Sequence[Row]) -> None:
        await super().append(rows)
        self.commits.append(tuple(rows))


async def test_after_a_death_behind_every_commit_each_message_is_run_and_answered_once(
    tmp_path: Path,
) -> None:
    whole = WitnessedStore()
    async with serving(tmp_path, store=whole) as flows:
        for name in ("m1", "m2"):
            await flows.deliver(f"hello {name}", name)
        await flows.wait(lambda: len(flows.channel.replies) == 2)
        await flows.wait(lambda: flows.request("r2").reply == "sent")
    assert len(whole.commits) > 10
    for kept in range(1, len(whole.commits) + 1):
        store = MemoryStore()
        for rows in whole.commits[:kept]:
            await store.append(rows)
        async with serving(tmp_path, {}, store=store) as flows:
            # Whoever sent them knows nothing of it, and sends them again.
            for name in ("m1", "m2"):
                receipt = await flows.deliver(f"hello {name}", name)
                assert receipt.status in {"queued", "repeated"}
            for name in ("r1", "r2"):
                await flows.wait_status(name, "finished")
                await flows.wait(lambda name=name: flows.request(name).reply == "sent")
            happened = Counter(
                (type(one.event), one.event.request)
                for one in await flows.stored()
                if hasattr(one.event, "request")
            )
            for kind in (RequestQueued, RequestStarted, RequestFinished, RequestReplied):
                for name in ("r1", "r2"):
                    assert happened[kind, name] == 1, (kept, kind, name)
            assert not any(kind is RequestFailed for kind, _ in happened)
            runs = [run for state in flows.house.engine.fleets() for run in state.runs.values()]
            assert sorted(run.request for run in runs) == ["default/r1/1", "default/r2/1"], kept
            assert len({run.id for run in runs}) == 2
