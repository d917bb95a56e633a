"""One test for each way that once led from one tenant to another."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fleettui.adapters.memory.clock import SystemClock
from fleettui.adapters.memory.tenants import MemoryTenants
from fleettui.adapters.models.router import ModelRouter
from fleettui.adapters.runtimes.tmux.server import TmuxServer
from fleettui.adapters.runtimes.tmux.session import Session as TmuxSession
from fleettui.adapters.yaml.plain import load_plain
from fleettui.core.commands import AdmitFleet, OpenFleet, SendMessage, StartRun
from fleettui.core.commands.tenants import HoldAll, ReleaseAll
from fleettui.core.errors import Forbidden, ModelFailed, NotFound, Refused
from fleettui.core.model import Actor, ChatMessage, Item, ModelReply, ModelRequest, Payload
from fleettui.core.tenancy import beside, tenant_of
from fleettui.core.views.queries import ReadAgents, ReadFleets, ReadParts, ReadStats
from fleettui.engine.breakers import Breakers
from fleettui.engine.session import Session
from fleettui.host import remote
from fleettui.wiring import House, World, running
from tests.engine.kit import FunctionModel, fleet_of, make_world, says, wait_for
from tests.engine.test_subfleets import flow
from tests.seals.organisations import opened
from tests.seals.typist import typed

TWO = {
    "acme": {"members": [{"name": "bob", "role": "viewer"}, {"name": "carol", "role": "operator"}]},
    "acme-sub": {"members": [{"name": "erin", "role": "admin"}]},
}
DAVE = {"name": "dave", "role": "admin"}


def world_of(tmp_path: Path, tenants: Any = TWO) -> World:
    model = FunctionModel(lambda _request, _step: says("done"))
    return make_world(tmp_path, model, tenants=MemoryTenants(tenants))


def file_of(tmp_path: Path) -> OpenFleet:
    path = tmp_path / "f.yaml"
    path.write_text(fleet_of({"a": {}}, mode="peer"))
    (tmp_path / "ws").mkdir(exist_ok=True)
    return OpenFleet("", str(path), str(tmp_path / "ws"), "", {"OPENED": "1"})


async def both(house: House, tmp_path: Path) -> tuple[Session, Session]:
    """Open the same file in acme and in default; gives the doors of acme's members."""
    await house.session("ann").send(file_of(tmp_path))
    await house.session("ann", "acme").send(file_of(tmp_path))
    return house.session("ann", rights_of="bob"), house.session("ann", rights_of="carol")


async def test_a_name_means_ones_own_fleet_whatever_others_call_theirs(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        viewer, operator = await both(house, tmp_path)
        assert [row.fleet for row in await viewer.read(ReadAgents("f"))] == ["f@acme"]
        assert (await operator.send(SendMessage("f", "a", Payload("hi")))).startswith("f@acme/")


async def test_what_a_role_may_not_is_not_even_begun(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with running(world) as house:
        viewer, _ = await both(house, tmp_path)
        evil = replace_environment(file_of(tmp_path), OPENED="1", OPENAI_API_BASE="http://evil")
        with pytest.raises(Forbidden):
            await viewer.send(evil)
        assert world.vault.environment("f@acme") == {"OPENED": "1"}
        with pytest.raises(Forbidden):
            # Not what is wrong with a file that a viewer names.
            await viewer.send(OpenFleet("", "/etc/passwd", str(tmp_path)))


def replace_environment(command: OpenFleet, **values: str) -> OpenFleet:
    return OpenFleet("", command.path, command.workspace, "", values)


@pytest.mark.parametrize(
    "fleet", ["f@default", "x@y@acme", "../f@acme", "F@acme", "f/1@acme", "f@acme/1", ">", "f\n"]
)
async def test_no_fleet_gets_an_id_that_is_none(tmp_path: Path, fleet: str) -> None:
    async with running(world_of(tmp_path)) as house:
        command = file_of(tmp_path)
        with pytest.raises(NotFound):
            await house.session("ann").send(
                OpenFleet(fleet, command.path, command.workspace, "", command.environment)
            )
        assert await house.session("ann").read(ReadFleets()) == ()


async def test_a_fleet_opened_by_a_step_is_of_the_same_tenant(tmp_path: Path) -> None:
    assert beside("f@acme", "sub") == "f-sub@acme"
    assert beside("f", "sub") == "f-sub"
    (tmp_path / "sub.yaml").write_text(flow("sub", {"name": "gate", "approval": "On?"}))
    (tmp_path / "f.yaml").write_text(flow("f", {"name": "sub", "fleet": "sub.yaml"}))
    async with running(world_of(tmp_path)) as house:
        session = house.session("ann", "acme")
        await session.send(OpenFleet("", str(tmp_path / "f.yaml"), str(tmp_path), "", {"O": "1"}))
        await session.send(StartRun("f", Payload("go")))
        known = house.engine.fleets
        await wait_for(session, lambda: any(one.id == "f-sub@acme" for one in known()))
        assert all((one.tenant, tenant_of(one.id)) == ("acme", "acme") for one in known())
        assert await house.session("ann", "acme-sub").read(ReadFleets()) == ()


async def test_no_fleet_is_admitted_into_another_tenant_than_its_id_says(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        spec = json.loads(fleet_of({"a": {}}, mode="peer"))
        admit = AdmitFleet("f@acme-sub", "f", "f.yaml", str(tmp_path), spec)
        with pytest.raises(NotFound):
            await house.engine.send(admit, Actor("system", "fleettui", "acme"))


async def test_who_is_no_member_any_more_hears_nothing_more(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    async with running(world) as house:
        viewer, _ = await both(house, tmp_path)
        ann = house.session("ann")

        async def until(member: bool, heard: Any) -> None:
            while (house.engine.tenant("acme").member("bob") is not None) is not member:
                await heard.take()

        async with viewer.watch("f") as watch, ann.watch() as heard:
            world.tenants.give({"acme": {"members": [{"name": "zoe", "role": "viewer"}]}})
            await until(False, heard)
            hearing = asyncio.create_task(watch.take())
            await ann.send(SendMessage("f@acme", "a", Payload("canary-1")))
            while "canary-1" not in str(await heard.take()):
                pass
            world.tenants.give(TWO)
            await until(True, heard)
            await ann.send(SendMessage("f@acme", "a", Payload("canary-2")))
            told = str(await hearing)
            while "canary-2" not in told:
                told += str(await watch.take())
        assert "canary-1" not in told


async def test_a_stored_text_of_another_tenant_is_as_one_that_is_nowhere(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        _, operator = await both(house, tmp_path)
        digest = (await house.engine.payload("default", "canary " * 2000)).blob
        told = set()
        for blob in (digest, "0" * 64):
            with pytest.raises(NotFound) as refusal:
                await operator.send(SendMessage("f", "a", Payload("x", 9000, blob)))
            told.add(str(refusal.value).replace(blob[:12], "B"))
        assert len(told) == 1
        # What a face says of items is not taken: the session finds them.
        item = Item(Payload("x", 9000, digest))
        run = await operator.send(StartRun("f", Payload("go"), items=(item,)))
        assert all(row.run != run or "canary" not in str(row) for row in await parts(operator))


async def parts(session: Session) -> Any:
    return await session.read(ReadParts("f"))


async def test_what_one_tenants_provider_does_keeps_nobody_else_away(tmp_path: Path) -> None:
    breakers = Breakers(SystemClock())
    notes: list[str] = []

    async def note(text: str) -> None:
        notes.append(text)

    request = ModelRequest("f@acme/1.1.1", "openai:x", ())
    for _ in range(5):
        with pytest.raises(ModelFailed):
            async with breakers.around("acme", request, note):
                raise ModelFailed("busy", retryable=True)
    assert breakers.states(["acme"]) == {"openai": "open"}
    async with asyncio.timeout(1), breakers.around("globex", request, note):
        pass
    assert breakers.states(["globex"]) == {"openai": "closed"}
    assert breakers.states([]) == {}


async def test_what_the_host_built_is_counted_for_each_tenant(tmp_path: Path) -> None:
    async with running(world_of(tmp_path)) as house:
        await both(house, tmp_path)
        everything = house.session("ann")
        run = await everything.send(StartRun("f@acme", Payload("go")))
        state = house.engine.state("f@acme")
        await wait_for(everything, lambda: bool(state.runs[run].report))
        mine = await house.session("ann", "acme").read(ReadStats())
        theirs = await house.session("ann", "acme-sub").read(ReadStats())
        assert (mine.agent_cache.misses, mine.agent_cache.size) == (1, 1)
        assert (theirs.agent_cache.misses, theirs.agent_cache.size) == (0, 0)
        assert (mine.providers, theirs.providers) == ({"openai": "closed"}, {})


def test_no_two_sessions_of_programs_share_a_folder(tmp_path: Path) -> None:
    server = TmuxServer(str(tmp_path))
    names = [("web@acme", "x--y"), ("web@acme--x", "y"), ("web", "a--b"), ("web--a", "b")]
    sessions = [TmuxSession(server, *name) for name in names]
    assert len({one.folder for one in sessions}) == len({one.name for one in sessions}) == 4


async def test_two_fleets_that_replay_a_recording_are_each_at_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    router = ModelRouter(load_plain)
    scripted = tmp_path / "script.yaml"
    scripted.write_text("agents: {'*': [{content: first}]}")
    messages = (ChatMessage("system", "be"), ChatMessage("user", "go"))

    def request(fleet: str, **more: Any) -> ModelRequest:
        return ModelRequest(f"{fleet}/1.1.1", f"scripted:{scripted}", messages, agent="a", **more)

    await router.complete(request("rec", record=str(file)))
    scripted.write_text("agents: {'*': [{content: second}]}")
    await router.complete(request("rec2", record=str(file)))
    said: dict[str, list[str]] = {}
    for fleet in ("web@acme", "web@acme", "web@globex", "web@globex"):
        reply: ModelReply = await router.complete(request(fleet, replay=str(file)))
        said.setdefault(fleet, []).append(reply.content)
    assert said["web@acme"] == said["web@globex"] == ["first", "second"]
    await router.close()


async def test_a_host_is_not_ended_through_the_eyes_of_a_member(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        for tenant, member in (("acme", ""), ("", place.organisations["acme"].members["admin"])):
            async with await remote.join(str(place.state), tenant, member) as client:
                with pytest.raises(Forbidden):
                    await client.stop_host()
                assert await client.read(ReadFleets())


async def test_nobodys_agents_work_in_the_folder_of_the_host(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        acme = place.organisations["acme"]
        door = await place.door("acme", "admin", over_socket=True)
        link = tmp_path / "link"
        link.symlink_to(place.state / "workspaces")
        file = str(acme.folder / "web.yaml")
        theirs = str(place.state / "tenants" / "globex.yaml")
        for path, workspace in [
            (file, place.state), (file, place.state / "workspaces" / "web@globex"), (file, link),
            (file, tmp_path), (file, Path("/")), (theirs, acme.workspace),
        ]:  # fmt: skip
            with pytest.raises(Forbidden, match="own folder") as refusal:
                await door.send(OpenFleet("", path, str(workspace)))
            assert place.organisations["globex"].mark not in str(refusal.value)


async def test_a_viewer_does_not_type_into_an_agents_terminal(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        acme = place.organisations["acme"]
        file = acme.folder / "chat.yaml"
        plain = json.loads(fleet_of({"chat": {}}, mode="peer"))
        spec = {"type": "tmux", "command": ["cat"]}
        plain["spec"]["agents"] = [{"name": "chat", "spec": spec}]
        file.write_text(json.dumps(plain))
        door = await place.door("acme", "admin", over_socket=True)
        await door.send(OpenFleet("", str(file), str(acme.workspace), "", {"O": "1"}))
        told = {}
        for role in ("viewer", "operator"):
            words = ["--as", acme.members[role], "attach-agent", "chat"]
            told[role] = await asyncio.to_thread(typed, ["--state", str(place.state), *words])
        assert "a viewer of acme may not attach" in told["viewer"][1]
        # Nobody is at a terminal here.
        assert "are not a terminal" in told["operator"][1]
        assert {code for code, _ in told.values()} == {1}


def test_a_secret_is_of_one_tenant(tmp_path: Path) -> None:
    words = ["--state", str(tmp_path / "s"), "--tenant", "acme", "secret", "list"]
    code, text = typed([*words, "--tenant", "globex"])
    assert (code, "--tenant says acme and globex" in text) == (1, True)


async def test_only_the_host_is_held_as_a_whole(tmp_path: Path) -> None:
    async with running(world_of(tmp_path, {"acme": {"members": [DAVE]}})) as house:
        dave = house.session("ann", rights_of="dave")
        for command in (HoldAll("acme"), ReleaseAll("acme"), HoldAll("default"), HoldAll("nix")):
            with pytest.raises(Forbidden, match="no member of default"):
                await dave.send(command)
        with pytest.raises(Refused, match="not the whole host"):
            await house.engine.send(HoldAll("acme"))
