"""Tenants through the door: who sees what, who may what, and that the rest looks like nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.core.commands import OpenFleet, SendMessage, StartRun, StopFleet
from fleettui.core.commands.tenants import HoldAll, HoldTenant, ReleaseAll, ReleaseTenant
from fleettui.core.errors import Ambiguous, Forbidden, NotFound, Stale
from fleettui.core.model import Payload
from fleettui.core.views.queries import (
    ReadAgents,
    ReadBoard,
    ReadFleets,
    ReadTenant,
    ReadTenants,
)
from fleettui.engine.membership import Membership
from fleettui.engine.session import Session
from fleettui.wiring import House, running
from tests.engine.kit import FunctionModel, make_world, says

TWO = {
    "acme": {
        "plan": "enterprise",
        "members": [
            {"name": "bob", "role": "viewer"},
            {"name": "carol", "role": "operator"},
            {"name": "dave", "role": "admin"},
        ],
    },
    "globex": {"plan": "free", "members": [{"name": "erin", "role": "admin"}]},
}
FLEET = """
apiVersion: aof.dev/v1
kind: AgentFleet
metadata: {name: web}
spec:
  coordination: {mode: peer}
  agents:
    - {name: one, spec: {model: "scripted:x", instructions: go}}
"""


def world_of(tmp_path: Path, tenants: Any = TWO) -> Any:
    model = FunctionModel(lambda _request, _step: says("done"))
    return make_world(tmp_path, model, tenants=MemoryTenants(tenants))


async def open_fleet(session: Session, tmp_path: Path) -> str:
    path = tmp_path / "web.yaml"
    path.write_text(FLEET)
    (tmp_path / "ws").mkdir(exist_ok=True)
    return await session.send(OpenFleet("", str(path), str(tmp_path / "ws"), "", {}))


async def both_open(house: House, tmp_path: Path) -> tuple[Session, Session]:
    acme, globex = house.session("ann", "acme"), house.session("ann", "globex")
    assert await open_fleet(acme, tmp_path) == "web@acme"
    assert await open_fleet(globex, tmp_path) == "web@globex"
    return acme, globex


async def test_the_same_file_is_a_fleet_of_its_own_in_every_tenant(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        acme, globex = await both_open(house, tmp_path)
        assert [row.id for row in await acme.read(ReadFleets())] == ["web@acme"]
        assert [row.id for row in await globex.read(ReadFleets())] == ["web@globex"]
        everything = house.session("ann")
        assert await open_fleet(everything, tmp_path) == "web"
        assert len(await everything.read(ReadFleets())) == 3


async def test_in_its_tenant_a_fleet_goes_by_its_name(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        acme, _ = await both_open(house, tmp_path)
        assert len(await acme.read(ReadAgents("web"))) == 1
        run = await acme.send(StartRun("web", Payload("go")))
        assert run.startswith("web@acme/")


async def test_not_yours_and_not_there_look_the_same(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        acme, _ = await both_open(house, tmp_path)
        refusals = set()
        for fleet in ("web@globex", "nix@globex", "nix", "web@nix"):
            for question in (
                acme.send(SendMessage(fleet, "one", Payload("psst"))),
                acme.send(StopFleet(fleet)),
            ):
                with pytest.raises(NotFound) as refusal:
                    await question
                refusals.add(str(refusal.value).replace(fleet, "F"))
        assert len(refusals) == 1
        refusals = set()
        for fleet in ("web@globex", "nix@globex", "nix"):
            with pytest.raises(NotFound) as refusal:
                await acme.read(ReadAgents(fleet))
            refusals.add(str(refusal.value).replace(fleet, "F"))
            with pytest.raises(NotFound):
                async with acme.watch(fleet):
                    pass
        assert len(refusals) == 1
        board = await acme.read(ReadBoard())
        assert [row.name for row in board.tenants] == ["acme"]
        with pytest.raises(NotFound):
            await acme.read(ReadTenant(tenant="globex"))


async def test_a_role_is_what_a_person_may_at_most(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        await both_open(house, tmp_path)
        viewer, operator, admin = (
            house.session("ann", rights_of=name) for name in ("bob", "carol", "dave")
        )
        assert [row.id for row in await viewer.read(ReadFleets())] == ["web@acme"]
        assert [(row.name, row.role) for row in await viewer.read(ReadTenants())] == [
            ("acme", "viewer")
        ]
        with pytest.raises(Forbidden, match="viewer of acme"):
            await viewer.send(StartRun("web", Payload("go")))
        assert await operator.send(StartRun("web", Payload("go")))
        with pytest.raises(Forbidden, match="no member of default"):
            await admin.send(HoldAll("default"))
        with pytest.raises(NotFound):
            await admin.send(HoldTenant("default"))
        with pytest.raises(Forbidden):
            Membership(house.engine, "erin", owner=False, rights_of="dave")
        stranger = Membership(house.engine, "nobody", owner=False)
        assert stranger.tenants() == []


async def test_the_hosts_admin_holds_everything_also_where_they_look_at_one_tenant(
    tmp_path: Path,
) -> None:
    async with running(world_of(tmp_path)) as house:
        narrowed = house.session("ann", "acme")
        await narrowed.send(HoldAll("default"))
        assert house.engine.tenant("default").all_held_by == "ann"
        await narrowed.send(ReleaseAll("default"))
        assert house.engine.tenant("default").all_held_by == ""
        with pytest.raises(NotFound):
            await narrowed.send(HoldTenant("globex"))
        viewer = house.session("ann", "acme", rights_of="bob")
        for command, what in (
            (HoldAll("default"), "bob is no member of default"),
            (HoldTenant("acme"), "bob is viewer of acme"),
        ):
            with pytest.raises(Forbidden, match=what):
                await viewer.send(command)


async def test_members_of_several_tenants_say_which(tmp_path: Path) -> None:
    two = {name: {"members": [{"name": "bob", "role": "admin"}]} for name in ("a", "b")}
    async with running(world_of(tmp_path, two)) as house:
        bob = house.session("ann", rights_of="bob")
        with pytest.raises(Ambiguous, match="a, b"):
            await open_fleet(bob, tmp_path)
        narrowed = house.session("ann", "b", rights_of="bob")
        assert await open_fleet(narrowed, tmp_path) == "web@b"


async def test_a_file_that_changes_changes_what_its_members_may(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with running(world) as house:
        await both_open(house, tmp_path)
        viewer = house.session("ann", rights_of="bob")
        async with house.session("ann").watch() as watch:
            world.tenants.give({"globex": TWO["globex"], "acme": {"members": [
                {"name": "bob", "role": "operator"}]}})  # fmt: skip
            while (await viewer.read(ReadTenants()))[0].role != "operator":
                await watch.take()
        assert await viewer.send(StartRun("web", Payload("go")))


async def test_holds_are_kept_and_said(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with running(world) as house:
        ann = house.session("ann")
        await ann.send(HoldTenant("acme"))
        await ann.send(HoldAll("default"))
    async with running(world) as house:
        rows = {row.name: row for row in await house.session("ann").read(ReadTenants())}
        assert (rows["acme"].held_by, rows["globex"].held_by) == ("ann", "")
        assert {row.all_held_by for row in rows.values()} == {"ann"}
        ann = house.session("ann")
        await ann.send(ReleaseTenant("acme"))
        await ann.send(ReleaseAll("default"))
        with pytest.raises(Stale):
            await ann.send(ReleaseTenant("acme"))
        with pytest.raises(NotFound):
            await ann.send(HoldTenant("nix"))
