"""Session: the door of one operator: adds who asks, and answers reads."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from fleettui.core.commands import (
    AdmitFleet,
    Approve,
    Command,
    Deny,
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
from fleettui.core.commands.budgets import KeepBudget, RaiseBudget
from fleettui.core.commands.requests import SendToFlow, UseFlows
from fleettui.core.commands.tenants import HoldAll, ReleaseAll, TenantCommand
from fleettui.core.decide.roles import refuse_role
from fleettui.core.errors import FleettuiError, Forbidden, Refused
from fleettui.core.model import Actor, Payload
from fleettui.core.state.fleet import FleetState
from fleettui.core.subjects import SYSTEM_PERMISSIONS, permissions_of
from fleettui.core.tenancy import (
    DEFAULT,
    current_tenant,
    fleet_id,
    is_fleet_id,
    is_tenant_stream,
    no_fleet,
    tenant_of,
    tenant_of_stream,
)
from fleettui.core.views.queries import AnyQuery
from fleettui.engine.actions import Actions
from fleettui.engine.engine import Engine
from fleettui.engine.file_views import FileViews
from fleettui.engine.flow_door import FlowDoor
from fleettui.engine.items import Items
from fleettui.engine.keeping import Keeping
from fleettui.engine.membership import Membership, no_tenant
from fleettui.engine.reading import Reading
from fleettui.engine.redaction import Redaction
from fleettui.engine.remembering import Remembering
from fleettui.engine.session_watch import SessionWatch, heard_subjects
from fleettui.ports import Specs, Vault


@dataclass(slots=True)
class Presence:
    """How many operators are at a face right now."""

    count: int = 0


class Session:
    """Satisfies client.Client for one operator; made by the host for whoever it recognised."""

    def __init__(
        self,
        engine: Engine,
        who: Membership,
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
        flows: FlowDoor,
        private: Path | None = None,
    ) -> None:
        self._flows, self._private = flows, private
        self._engine, self._who = engine, who
        self._specs, self._vault, self._actions = specs, vault, actions
        self._items, self._memories = items, memories
        self._keeping, self._files = keeping, files
        self._reading, self._presence = reading, presence

    @property
    def operator(self) -> str:
        return self._who.operator

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
        """Carry out a command as this operator, in the tenant it is about."""
        mine = self._addressed(_of_tenant(command))
        tenant = self._tenant_of(mine)
        # Before anything is read, kept or made for it.
        refuse_role(self._actor(mine, tenant), mine, self._who.name)
        serving = current_tenant.set(tenant)
        try:
            return await self._carry_out(mine)
        except FleettuiError as error:
            self._clean(error, [tenant])
            raise
        finally:
            current_tenant.reset(serving)

    def _actor(self, command: Command | TenantCommand, tenant: str) -> Actor:
        """Give this operator as the actor of a command; a hold of everything is the host's."""
        if isinstance(command, HoldAll | ReleaseAll):
            return self._who.host_actor()
        return self._who.actor(tenant)

    def _redactions(self, tenants: Iterable[str]) -> Sequence[Redaction]:
        found = (self._engine.redactions.of_tenant(one) for one in tenants)
        return [one for one in found if one is not None]

    def _clean(self, error: FleettuiError, tenants: Iterable[str]) -> None:
        """Take the values of secrets out of what is told to a face."""
        for one in self._redactions(tenants):
            error.message, error.mend = one.text(error.message), one.text(error.mend)
            error.args = tuple(one.anything(list(error.args)))

    def _addressed(
        self, command: OperatorCommand | TenantCommand
    ) -> OperatorCommand | TenantCommand:
        """Put the whole id of a fleet in place of the name it has in its tenant."""
        if isinstance(command, TenantCommand) or not command.fleet:
            return command
        return replace(command, fleet=self._whole_id(command.fleet))

    def _whole_id(self, fleet: str) -> str:
        """Give the id of the one fleet of this operator that is meant by a name, else the name."""
        known = {state.id for state in self._mine()}
        found = [one for one in (fleet_id(t, fleet) for t in self._who.tenants()) if one in known]
        return found[0] if len(found) == 1 and fleet not in known else fleet

    def _tenant_of(self, command: OperatorCommand | TenantCommand) -> str:
        """Name the tenant of a command; what is not the operator's looks like what is not there."""
        if isinstance(command, TenantCommand):
            whole = isinstance(command, HoldAll | ReleaseAll)
            if whole and command.tenant == DEFAULT and self._who.host_role() is not None:
                return DEFAULT
            if whole:
                raise Forbidden(
                    f"{self._who.name} is no member of {DEFAULT}, and this needs admin",
                    f"ask an admin of {DEFAULT}",
                )
            if self._who.role(command.tenant) is None:
                raise no_tenant(command.tenant)
            return command.tenant
        if isinstance(command, OpenFleet) and not command.fleet:
            return self._who.home()
        known = command.fleet in {state.id for state in self._mine()}
        fresh = isinstance(command, OpenFleet) and is_fleet_id(command.fleet)
        tenant = tenant_of(command.fleet)
        if not (known or fresh) or self._who.role(tenant) is None:
            raise no_fleet(command.fleet)
        return tenant

    async def _carry_out(self, command: OperatorCommand | TenantCommand) -> str:  # noqa: C901 one arm a command
        match command:
            case OpenFleet():
                return await self._open(command)
            case StartRun(task=task):
                spilled = await self._spilled(task)
                items = await self._items.find(command.fleet, task.head)
                # What a run is a part of is the engine's to say: a person's task is one of theirs.
                return await self._ask(
                    replace(command, task=spilled, items=items, seed="", request="")
                )
            case SendMessage(body=body):
                return await self._ask(replace(command, body=await self._spilled(body), key=""))
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
            case SendToFlow():
                return await self._flows.send(command, self._who.actor(command.tenant))
            case UseFlows():
                return await self._flows.use(command, self._who.actor(command.tenant))
            case _:
                return await self._ask(command)

    async def _ask(self, command: Command | TenantCommand) -> str:
        return await self._engine.send(command, self._actor(command, current_tenant.get()))

    async def _spilled(self, payload: Payload) -> Payload:
        """Keep a text; a stored one that is named must be the tenant's."""
        tenant = current_tenant.get()
        return await self._engine.payload(tenant, await self._engine.text(tenant, payload))

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
        for path in (command.path, command.workspace):
            if not _may_name_file(path):
                raise Refused("the path has characters that no path has", "write it again")
        if self._private is not None and self._who.role(DEFAULT) != "admin":
            await asyncio.to_thread(_refuse_private, self._private, command)
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
        tenant = current_tenant.get()
        for state in taken.values():
            same = (state.name, state.file, state.workspace) == (name, path, workspace)
            if same and state.tenant == tenant:
                return state.id
        number = 1
        while (free := fleet_id(tenant, name if number == 1 else f"{name}-{number}")) in taken:
            number += 1
        return free

    async def read(self, query: AnyQuery) -> Any:
        """Answer a query from what is committed."""
        await self._engine.wait_committed()
        if query.fleet:
            query = replace(query, fleet=self._whole_id(query.fleet))
        some = self._mine()
        tenants = {state.tenant for state in some if query.fleet in {"", state.id}}
        theirs = tenants or set(self._who.tenants())
        serving = current_tenant.set(next(iter(tenants)) if len(tenants) == 1 else "")
        try:
            answer = await self._reading.answer(query, some, self._who)
        except FleettuiError as error:
            self._clean(error, theirs)
            raise
        else:
            for redaction in self._redactions(theirs):
                answer = redaction.command(answer)
            return answer
        finally:
            current_tenant.reset(serving)

    def _mine(self) -> Sequence[FleetState]:
        return [
            state
            for state in self._engine.fleets()
            if state.id and self._who.role(state.tenant) is not None
        ]

    def watch(
        self, fleet: str = "", *, stream: bool = False
    ) -> AbstractAsyncContextManager[SessionWatch]:
        """Watch what happens in a fleet of this operator's tenants, or in all of them."""
        return self._watch(self._whole_id(fleet) if fleet else "", stream)

    @asynccontextmanager
    async def _watch(self, fleet: str, stream: bool) -> AsyncIterator[SessionWatch]:
        if fleet and all(state.id != fleet for state in self._mine()):
            raise no_fleet(fleet)
        async with AsyncExitStack() as stack:
            if stream:
                stack.enter_context(self._engine.audience(fleet))
            tenants = [tenant_of(fleet)] if fleet else self._who.scope()
            sealed = len(tenants) == 1 and tenants != ["*"]
            by = permissions_of(tenants[0]) if sealed else SYSTEM_PERMISSIONS
            patterns = [one for name in tenants for one in heard_subjects(name, fleet, stream)]
            subscription = await stack.enter_async_context(
                self._engine.bus.subscribe(*patterns, by=by)
            )
            yield SessionWatch(subscription, self._mine, self._who, fleet)


def _of_tenant(command: OperatorCommand) -> OperatorCommand | TenantCommand:
    """Give the answer to a question of a tenant itself; it has an item in inboxes as fleets do."""
    if isinstance(command, TenantCommand) or not is_tenant_stream(command.fleet):
        return command
    tenant = tenant_of_stream(command.fleet)
    match command:
        case Approve(action=item, version=version):
            return RaiseBudget(tenant, item, version)
        case Deny(action=item, version=version, reason=reason):
            return KeepBudget(tenant, item, version, reason)
        case _:
            raise no_fleet(command.fleet)


def _may_name_file(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _refuse_private(private: Path, command: OpenFleet) -> None:
    """Refuse a folder that agents would see other tenants' things in, and a file among them."""
    own, place = private.resolve(), Path(command.workspace).resolve()
    beside = not (place.is_relative_to(own) or own.is_relative_to(place))
    if not beside or Path(command.path).resolve().is_relative_to(own):
        raise Forbidden(
            "the host's own folder is only for admins of tenant default",
            "open a file and a folder that are elsewhere",
        )
