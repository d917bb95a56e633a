"""Session: the door of one operator: adds who asks, and answers reads."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from fleettui.client import Notice, Reread, Streamed
from fleettui.core.commands import (
    AdmitFleet,
    Command,
    EditAction,
    ForgetEntry,
    ForkAgent,
    MakeCheckpoint,
    MergeAgent,
    OpenFleet,
    OperatorCommand,
    RemoveWorkspace,
    RollBack,
    SendMessage,
    StartRun,
)
from fleettui.core.errors import FleettuiError, NotFound, Refused
from fleettui.core.model import Actor, Payload
from fleettui.core.state.fleet import FleetState
from fleettui.core.views.queries import AnyQuery
from fleettui.engine.actions import Actions
from fleettui.engine.engine import Engine
from fleettui.engine.file_views import FileViews
from fleettui.engine.items import Items
from fleettui.engine.keeping import Keeping
from fleettui.engine.reading import Reading
from fleettui.engine.redaction import Redaction
from fleettui.engine.remembering import Remembering
from fleettui.ports import Specs, Subscription, Vault


@dataclass(slots=True)
class Presence:
    """How many operators are at a face right now."""

    count: int = 0


class Session:
    """Satisfies client.Client for one operator; made by the host for whoever it recognised."""

    def __init__(
        self,
        engine: Engine,
        actor: Actor,
        *,
        specs: Specs,
        vault: Vault,
        actions: Actions,
        items: Items,
        memories: Remembering,
        keeping: Keeping,
        files: FileViews,
        reading: Reading,
        presence: Presence,
    ) -> None:
        self._engine, self._actor = engine, actor
        self._specs, self._vault, self._actions = specs, vault, actions
        self._items, self._memories = items, memories
        self._keeping, self._files = keeping, files
        self._reading, self._presence = reading, presence

    @property
    def operator(self) -> str:
        return self._actor.name

    async def operators(self) -> int:
        return max(self._presence.count, 1)

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """Count this operator as being at a face while the context is open."""
        self._presence.count += 1
        try:
            yield
        finally:
            self._presence.count -= 1

    async def send(self, command: OperatorCommand) -> str:
        """Carry out a command as this operator."""
        try:
            return await self._send(command)
        except FleettuiError as error:
            self._clean(command.fleet, error)
            raise

    def _clean(self, fleet: str, error: FleettuiError) -> None:
        """Take the values of secrets out of what is told to a face."""
        redaction = self._redaction(fleet)
        if redaction is not None:
            error.message, error.mend = redaction.text(error.message), redaction.text(error.mend)
            error.args = tuple(redaction.anything(list(error.args)))

    def _redaction(self, fleet: str) -> Redaction | None:
        """Give the redaction of a fleet of ours, else that of our tenant."""
        redactions = self._engine.redactions
        found = next((state for state in self._mine() if state.id == fleet), None)
        return redactions.of_tenant(self._actor.tenant) if found is None else redactions.of(found)

    async def _send(self, command: OperatorCommand) -> str:  # noqa: C901 one arm a command
        match command:
            case OpenFleet():
                return await self._open(command)
            case StartRun(task=task):
                items = command.items or await self._items.find(command.fleet, task.head)
                spilled = await self._spilled(command.fleet, task)
                return await self._ask(replace(command, task=spilled, items=items))
            case SendMessage(body=body):
                return await self._ask(
                    replace(command, body=await self._spilled(command.fleet, body), key="")
                )
            case EditAction():
                facts = await self._actions.freeze(command.fleet, command.action, command.argv)
                return await self._ask(replace(command, facts=facts, nonce=secrets.token_hex(8)))
            case MakeCheckpoint(fleet=fleet, agent=agent):
                name = await self._ask(command)
                await self._keeping.wait_kept(fleet, agent, name)
                return name
            case RollBack():
                return await self._roll_back(command)
            case ForkAgent(fleet=fleet):
                name = await self._ask(command)
                await self._keeping.wait_made(fleet, name)
                return name
            case MergeAgent():
                return await self._merge(command)
            case RemoveWorkspace():
                return await self._remove(command)
            case ForgetEntry(fleet=fleet):
                answer = await self._ask(command)
                await self._memories.forget_asked(fleet)
                return answer
            case _:
                return await self._ask(command)

    async def _ask(self, command: Command) -> str:
        return await self._engine.send(command, self._actor)

    async def _spilled(self, fleet: str, payload: Payload) -> Payload:
        return payload if payload.blob else await self._engine.payload(fleet, payload.head)

    async def _roll_back(self, command: RollBack) -> str:
        """Roll an agent back, and wait until its files are back too."""
        state = self._engine.state(command.fleet)
        agent = state.agent(command.agent)
        if not command.force:
            await self._files.refuse_foreign(state, agent, command.checkpoint, command.part)
        undo = await self._ask(command)
        await self._wait_done(command.fleet, command.agent)
        return undo

    async def _merge(self, command: MergeAgent) -> str:
        """Make the merge, then let it be carried out; refused where it is not clean."""
        state = self._engine.state(command.fleet)
        ground = state.agent(command.agent).files.ground
        if ground is None or ground.kind != "worktree":
            raise Refused(f"{command.agent} has no branch of its own", "it works elsewhere")
        merge = await self._keeping.merging.propose(
            state.id, command.agent, ground, self._engine.clock.now()
        )
        commit = await self._ask(replace(command, merge=merge))
        await self._wait_done(command.fleet, command.agent)
        return commit

    async def _remove(self, command: RemoveWorkspace) -> str:
        state = self._engine.state(command.fleet)
        agent = state.agents.get(command.agent)
        ground = agent.files.ground if agent else state.left.get(command.agent)
        work = ground is not None and await self._keeping.workspaces.has_work(
            state.id, command.agent, ground
        )
        return await self._ask(replace(command, unmerged=work))

    async def _wait_done(self, fleet: str, agent: str) -> None:
        done = await self._keeping.wait_free(fleet, agent)
        if done is not None and done.files.failed:
            raise Refused(done.files.failed)

    async def _open(self, command: OpenFleet) -> str:
        """Read the file with the caller's environment, and open the fleet or join it."""
        loaded = await asyncio.to_thread(
            self._specs.load_fleet, command.path, command.environment, command.choose
        )
        fleet = command.fleet or self._fleet_id(loaded.name, command.path, command.workspace)
        self._vault.keep(fleet, command.environment)
        answer = await self._ask(
            AdmitFleet(
                fleet, loaded.name, command.path, command.workspace, loaded.spec, loaded.warnings
            )
        )
        await self._keeping.note_ground(fleet)
        return answer

    def _fleet_id(self, name: str, path: str, workspace: str) -> str:
        """Give the id of the same file's fleet in the same workspace, else a free one."""
        taken = {state.id: state for state in self._engine.fleets()}
        for state in taken.values():
            if (state.name, state.file, state.workspace) == (name, path, workspace):
                return state.id
        number = 1
        while (free := name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        return free

    async def read(self, query: AnyQuery) -> Any:
        """Answer a query from what is committed."""
        await self._engine.wait_committed()
        redaction = self._redaction(query.fleet)
        try:
            answer = await self._reading.answer(query, self._mine())
        except FleettuiError as error:
            self._clean(query.fleet, error)
            raise
        return answer if redaction is None else redaction.command(answer)

    def _mine(self) -> Sequence[FleetState]:
        return [
            state
            for state in self._engine.fleets()
            if state.id and state.tenant == self._actor.tenant
        ]

    def watch(
        self, fleet: str = "", *, stream: bool = False
    ) -> AbstractAsyncContextManager[SessionWatch]:
        """Watch what happens in a fleet of this operator's tenant, or in all of them."""
        return self._watch(fleet, stream)

    @asynccontextmanager
    async def _watch(self, fleet: str, stream: bool) -> AsyncIterator[SessionWatch]:
        if fleet and all(state.id != fleet for state in self._mine()):
            raise NotFound(f"no fleet is named '{fleet}'", "fleettui ls names them")
        async with AsyncExitStack() as stack:
            if stream:
                stack.enter_context(self._engine.audience(fleet))
            subscription = await stack.enter_async_context(self._engine.bus.subscribe(">"))
            yield SessionWatch(subscription, self._mine, fleet, stream)


class SessionWatch:
    """Satisfies client.Watch: lets through what this operator may see and asked for."""

    def __init__(
        self,
        subscription: Subscription,
        mine: Callable[[], Sequence[FleetState]],
        fleet: str,
        stream: bool,
    ) -> None:
        self._subscription, self._mine = subscription, mine
        self._fleet, self._stream = fleet, stream

    async def take(self) -> Sequence[Notice]:
        while True:
            things = await self._subscription.take()
            notices: list[Notice] = [Reread()] if self._subscription.overflowed else []
            visible = {state.id for state in self._mine()} if not self._fleet else {self._fleet}
            for thing in things:
                if isinstance(thing, Streamed):
                    if self._stream and thing.fleet in visible:
                        notices.append(thing)
                elif isinstance(thing, str):
                    notices.append(Reread())
                elif thing.stream in visible:
                    notices.append(thing)
            if notices:
                return notices
