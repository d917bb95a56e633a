"""Two hundred who send and read at once: each is served as its own tenant, down to the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleettui.adapters.memory.store import MemoryStore
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.yaml.specs import YamlSpecs
from fleettui.core.commands import OpenFleet, SendMessage, StartRun
from fleettui.core.model import Payload
from fleettui.core.tenancy import current_tenant
from fleettui.core.views.queries import ReadLog, ReadQueue, ReadRun
from fleettui.engine.session import Session
from fleettui.wiring import running
from tests.engine.kit import FunctionModel, fleet_of, make_world, says

TENANTS = ("acme", "acme-web", "globex", "x", "default")
AT_ONCE = 200


class Witness:
    """What was served as whom: by the tenant it was for, also in tasks begun inside."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self.inside: list[asyncio.Task[None]] = []

    def note(self, owner: str) -> None:
        self.seen[owner, current_tenant.get()] += 1

    def spawn(self, owner: str, over: asyncio.Event) -> None:
        async def later() -> None:
            await over.wait()
            self.note(owner)

        self.inside.append(asyncio.create_task(later()))


class SlowStore(MemoryStore):
    """A store that lets others go on in the middle of each text."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self.witness, self.over = witness, asyncio.Event()

    async def put_blob(self, tenant: str, body: bytes) -> str:
        self.witness.spawn(tenant, self.over)
        for _ in range(3):
            await asyncio.sleep(0)
            self.witness.note(tenant)
        return await super().put_blob(tenant, body)

    async def get_blob(self, tenant: str, digest: str) -> bytes:
        for _ in range(3):
            await asyncio.sleep(0)
        return await super().get_blob(tenant, digest)


class WatchedSpecs(YamlSpecs):
    """Files, read in threads, which have the tenant of whoever asks too."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self.witness = witness

    def load_fleet(self, path: str, environment: Mapping[str, str], choose: str = "") -> Any:
        self.witness.note(environment["TENANT"])
        return super().load_fleet(path, environment, choose)


async def test_two_hundred_at_once_are_each_served_as_their_own_tenant(tmp_path: Path) -> None:
    witness = Witness()
    store = SlowStore(witness)
    model = FunctionModel(lambda _request, _step: says("done"))
    tenants = MemoryTenants({name: {} for name in TENANTS if name != "default"})
    world = replace(
        make_world(tmp_path, model, store=store, tenants=tenants), specs=WatchedSpecs(witness)
    )
    path = tmp_path / "f.yaml"
    path.write_text(fleet_of({"a": {}}, mode="peer"))
    async with running(world) as house:
        doors = {name: house.session("ann", name) for name in TENANTS}

        async def one(number: int) -> None:
            tenant = TENANTS[number % len(TENANTS)]
            await asyncio.sleep(0)
            await visit(doors[tenant], tenant, number)
            assert current_tenant.get() == ""

        async def visit(door: Session, tenant: str, number: int) -> None:
            settings = {"OPENED": "1", "TENANT": tenant}
            await door.send(OpenFleet("", str(path), str(tmp_path), "", settings))
            text = f"of {tenant} {number} " + "x" * 9000
            await door.send(SendMessage("f", "a", Payload(text)))
            for read in (ReadQueue("f"), ReadLog("f", full=True), ReadRun("f")):
                told = str(await door.read(read))
                assert all(f"of {other} " not in told for other in TENANTS if other != tenant)

        for tenant, door in doors.items():
            settings = {"OPENED": "1", "TENANT": tenant}
            await door.send(OpenFleet("", str(path), str(tmp_path), "", settings))
            await door.send(StartRun("f", Payload(f"of {tenant} first " + "x" * 9000)))
        async with asyncio.timeout(60):
            await asyncio.gather(*(one(number) for number in range(AT_ONCE)))
        store.over.set()
        await asyncio.gather(*witness.inside)
        assert current_tenant.get() == ""
    # What the host itself keeps is of nobody in particular.
    wrong = {pair for pair in witness.seen if pair[1] not in {"", pair[0]}}
    assert not wrong
    served = {owner: witness.seen[owner, owner] for owner in TENANTS}
    assert all(count >= AT_ONCE // len(TENANTS) for count in served.values()), served
