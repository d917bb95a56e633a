"""Remembering: keeps the shared memory of every open fleet at hand, and says when one is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from fleettui.core.commands import MoveSharedMemory, NoteForgotten
from fleettui.core.errors import FleettuiError, MemoryLost, Refused
from fleettui.core.events import (
    FleetOpened,
    FleetReloaded,
    FleetResumed,
    FleetStopped,
    ForgettingAsked,
    Recorded,
)
from fleettui.core.memory import MemoryEntry, MemoryPlace, needs_settings, place_of
from fleettui.core.spec.shared import SharedMemory as MemorySpec
from fleettui.core.state.memory import shared_memory
from fleettui.engine.engine import Engine
from fleettui.engine.insisting import until_stored
from fleettui.engine.watching import isolated
from fleettui.ports import SharedMemories, SharedMemory, Vault

# How long (seconds) after a failure the memory is tried again, at first and at last.
FIRST_WAIT, LONGEST_WAIT = 0.25, 5.0
# A server is asked this often (seconds) whether it is there, though nobody uses it.
ASKED_EVERY = 15.0
_OVER_A_NETWORK = frozenset({"redis", "postgres"})


@dataclass(slots=True)
class Kept:
    """The memory of one open fleet: `trouble` says why it can't be used, empty when it can."""

    spec: MemorySpec
    memory: SharedMemory | None = None
    trouble: str = ""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Remembering:
    """One task a fleet with a shared memory; it sleeps while all is well."""

    def __init__(
        self, engine: Engine, memories: SharedMemories, vault: Vault, group: asyncio.TaskGroup
    ) -> None:
        self._engine, self._memories = engine, memories
        self._vault, self._group = vault, group
        self._kept: dict[str, Kept] = {}

    # --- the watcher ---------------------------------------------------------------------------

    async def on_event(self, recorded: Recorded) -> None:
        match recorded.event:
            case FleetOpened() | FleetResumed() | FleetReloaded() | FleetStopped():
                self._settle(recorded.stream)
            case ForgettingAsked():
                self._wake(recorded.stream)
            case _:
                pass

    def catch_up(self) -> None:
        for state in self._engine.fleets():
            if state.id:
                self._settle(state.id)

    def tasks(self) -> Sequence[asyncio.Task[None]]:
        return [kept.task for kept in self._kept.values() if kept.task is not None]

    def _settle(self, fleet: str) -> None:
        """Begin, end or change what is kept for a fleet, as its file and state say now."""
        state = self._engine.state(fleet)
        wanted = None if state.stopped else shared_memory(state)
        kept = self._kept.get(fleet)
        if kept is not None and kept.spec == wanted:
            return
        if kept is not None:
            del self._kept[fleet]
            if kept.task is not None:
                kept.task.cancel()
        if wanted is not None:
            kept = self._kept[fleet] = Kept(wanted)
            keeping = isolated(self._keep, fleet, kept)
            kept.task = self._group.create_task(keeping, name=f"memory {fleet}")

    def _wake(self, fleet: str) -> None:
        if fleet in self._kept:
            self._kept[fleet].wake.set()

    async def _keep(self, fleet: str, kept: Kept) -> None:
        """Open the memory, and again where the address changed; ends with the task."""
        try:
            await self._wait_settings(fleet, kept)
            while True:
                place = self._place(fleet, kept)
                try:
                    async with self._memories.open(place) as memory:
                        kept.memory = memory
                        await self._look_after(fleet, kept, memory, place)
                except FleettuiError as error:
                    # No waiting mends it: a package that is not there, an address that is wrong.
                    kept.memory = None
                    await self._move(fleet, kept, str(error))
                    kept.tried.set()
                    while self._place(fleet, kept) == place:
                        await _pause(kept, LONGEST_WAIT)
        finally:
            # Nobody may wait for what has ended.
            kept.memory, kept.trouble = None, kept.trouble or "it was closed"
            kept.tried.set()

    async def _wait_settings(self, fleet: str, kept: Kept) -> None:
        if needs_settings(kept.spec) and not self._vault.environment(fleet):
            text = "it waits for the fleet file to be opened again: addresses are never stored"
            await self._move(fleet, kept, text)
            kept.tried.set()
            await self._vault.wait_kept(fleet)

    def _place(self, fleet: str, kept: Kept) -> MemoryPlace:
        state = self._engine.state(fleet)
        return place_of(
            kept.spec, tenant=state.tenant, fleet=fleet, file=state.file,
            environment=self._vault.environment(fleet),
        )  # fmt: skip

    async def _look_after(
        self, fleet: str, kept: Kept, memory: SharedMemory, place: MemoryPlace
    ) -> None:
        """Look whether the memory is there, for ever or until its address changed."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._is_there(fleet, memory)
            except MemoryLost as lost:
                await self._move(fleet, kept, lost.message)
                kept.tried.set()
                await _pause(kept, wait)
                wait = min(wait * 2, LONGEST_WAIT)
                if self._place(fleet, kept) != place:
                    return
            else:
                await self._move(fleet, kept, "")
                kept.tried.set()
                wait = FIRST_WAIT
                await _pause(kept, ASKED_EVERY if kept.spec.type in _OVER_A_NETWORK else None)

    async def _is_there(self, fleet: str, memory: SharedMemory) -> None:
        """Do what people asked for meanwhile, else read a little."""
        now = self._engine.clock.now()
        async with aclosing(memory.entries(now, key="?")) as found:
            async for _ in found:
                pass
        await self._forget(fleet, memory)

    async def _forget(self, fleet: str, memory: SharedMemory) -> None:
        for key in list(self._engine.state(fleet).forgetting):
            await memory.drop(key)
            await until_stored(partial(self._engine.send, NoteForgotten(fleet, key)))

    async def _move(self, fleet: str, kept: Kept, trouble: str) -> None:
        kept.trouble = trouble
        moving = MoveSharedMemory(fleet, "unreachable" if trouble else "ready", trouble)
        with contextlib.suppress(Refused):
            await until_stored(partial(self._engine.send, moving))

    # --- who uses it ---------------------------------------------------------------------------

    @asynccontextmanager
    async def memory(self, fleet: str) -> AsyncIterator[SharedMemory]:
        """Give a fleet's memory; raises Refused where it has none, MemoryLost while it is lost.

        What fails inside is recorded, and tried again from then on.
        """
        self._settle(fleet)
        kept = self._kept.get(fleet)
        if kept is None:
            raise Refused(f"{fleet} has no shared memory", "spec.shared.memory gives it one")
        await kept.tried.wait()
        if kept.memory is None or kept.trouble:
            raise MemoryLost(f"the shared memory is unreachable: {kept.trouble}", "try later")
        try:
            yield kept.memory
        except MemoryLost as lost:
            await self._move(fleet, kept, lost.message)
            kept.wake.set()
            raise

    async def forget_asked(self, fleet: str) -> None:
        """Forget what people asked for; raises MemoryLost, then it is done when it is back."""
        try:
            async with self.memory(fleet) as memory:
                await self._forget(fleet, memory)
        except MemoryLost as lost:
            raise MemoryLost(lost.message, "it will be forgotten when it is back") from None

    async def entries(self, fleet: str) -> Sequence[MemoryEntry]:
        """Give everything an open fleet remembers, nothing of others; raises MemoryLost."""
        self._settle(fleet)
        if fleet not in self._kept:
            return ()
        async with self.memory(fleet) as memory:
            return [entry async for entry in memory.entries(self._engine.clock.now())]


async def _pause(kept: Kept, seconds: float | None) -> None:
    """Wait until somebody rings, at most some seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await kept.wake.wait()
    kept.wake.clear()
