"""Random operations of members of five tenants: none gets a byte that is another's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import keyring
import msgspec
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from fleettui.adapters.metrics.exposition import exposition
from fleettui.adapters.sqlite.auditing import AuditedStore
from fleettui.cli.exported import export_lines
from fleettui.client import Client
from fleettui.core.errors import FleettuiError
from fleettui.core.model import ROLES
from fleettui.core.subjects import permissions_of
from fleettui.core.views.queries import Query, ReadBoard
from fleettui.host.wire import error_body, ok_body
from fleettui.tui.app import CockpitApp
from tests.seals.operations import COMMANDS, LEAST, QUERIES, Making, Operation, plain
from tests.seals.organisations import Place, opened

AT_ONCE = 8


@pytest.fixture(autouse=True)
def _no_keyring() -> None:
    keyring.set_keyring(NoKeyring())


async def outcome(door: Client, thing: object) -> tuple[str, bytes]:
    """Ask a thing, and give the class of what came and its bytes on the wire."""
    try:
        if isinstance(thing, Query):
            answer: object = await door.read(thing)  # type: ignore[arg-type]
        else:
            answer = await door.send(thing)  # type: ignore[arg-type]
    except FleettuiError as error:
        return type(error).__name__, error_body(1, error)
    return "answer", ok_body(1, answer)


def without(body: bytes, texts: Sequence[str]) -> str:
    """Take what was given itself out of an answer: it may be said back."""
    return plain(body.decode(), [msgspec.json.encode(text)[1:-1].decode() for text in texts])


class Member:
    """A member who tries everything."""

    def __init__(self, place: Place, tenant: str, role: str, chance: Random) -> None:
        self.place, self.tenant, self.role, self.chance = place, tenant, role, chance
        self.making = Making(place, place.organisations[tenant], chance)

    async def act(self) -> Operation:
        """Do one thing, and look at what comes of it."""
        asked = self.making.make()
        await self.check(asked)
        return asked

    async def check(self, asked: Operation) -> None:
        door = await self.place.door(self.tenant, self.role, over_socket=self.chance.random() < 0.3)
        kind, body = await outcome(door, asked.thing)
        self.place.came[kind] += 1
        told = f"{asked.name} of {self.role}: {asked.thing!r:.300}"
        self.place.refuse_foreign(self.tenant, told, without(body, asked.given))
        if not isinstance(asked.thing, Query):
            self.check_role(asked, kind, told, body)
        if asked.foreign:
            self.place.came["twin"] += 1
            other, twin = await outcome(door, asked.twin)
            here = tuple(one for one, _ in asked.foreign)
            there = tuple(one for _, one in asked.foreign)
            assert (kind, without(body, here)) == (other, without(twin, there)), told

    def check_role(self, asked: Operation, kind: str, told: str, body: bytes) -> None:
        least = LEAST[asked.name]
        if ROLES.index(self.role) < ROLES.index(least):  # type: ignore[arg-type]
            assert kind in {"Forbidden", "NotFound"}, (told, kind, body)
        if asked.name in {"HoldAll", "ReleaseAll"}:
            # Of the whole host, whatever tenant is named.
            assert kind == "Forbidden", (told, kind, body)
        elif asked.elsewhere:
            assert kind == "NotFound", (told, kind, body)


async def members(place: Place, seed: int) -> list[Member]:
    return [
        Member(place, tenant, role, Random(f"{seed} {tenant} {role}"))
        for tenant in place.organisations
        for role in ROLES
    ]


async def listen(place: Place, tenant: str, heard: Counter[str]) -> None:
    """Hear all that a member can hear, whatever that is, for ever."""
    door = await place.door(tenant, "viewer", over_socket=True)
    async with door.watch(stream=True) as watch:
        while True:
            for notice in await watch.take():
                heard[tenant] += 1
                place.refuse_foreign(tenant, "a watch", msgspec.json.encode(notice))


async def overhear(place: Place, tenant: str, chance: Random) -> None:
    """Try patterns of the bus with what a tenant is allowed; what is given is looked at."""
    words = ["org", "*", ">", tenant, *place.organisations, "events", "stream", "internal"]
    for _ in range(2000):
        pattern = ".".join(chance.choices([*words, "platform", "_INBOX"], k=chance.randint(1, 5)))
        if permissions_of(tenant).may_subscribe(pattern):
            first, _, rest = pattern.partition(".")
            assert first == "platform" or rest.partition(".")[0] == tenant, pattern
    async with place.house.engine.bus.subscribe(
        f"org.{tenant}.>", by=permissions_of(tenant)
    ) as subscription:
        while True:
            for thing in await subscription.take():
                place.refuse_foreign(tenant, "the bus", msgspec.json.encode(thing))


async def look(place: Place, tenant: str, role: str) -> None:
    """Look at every pane of the cockpit as it is drawn."""
    door = await place.door(tenant, role, over_socket=False)
    board = await door.read(ReadBoard())
    app = CockpitApp(door, fleet=board.fleet, config=Path("/nonexistent"))
    async with app.run_test(size=(160, 50)) as pilot:
        for key in ("1", "2", "3", "4", "5", "6", "right_square_bracket", "enter", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            screen = app.screen
            strips = screen._compositor.render_strips(screen.size)
            drawn = "\n".join(strip.text for strip in strips)
            place.refuse_foreign(tenant, f"the screen of {role} at {key}", drawn)


def look_at_what_is_left(place: Place) -> None:
    """Look at what models were sent, what programs were given, and what files there are."""
    house, state = place.house, place.state
    keys = {f"Bearer sk-{one.word}": name for name, one in place.organisations.items()}
    prompts: Counter[str] = Counter()
    for seen in place.server.seen:
        owner = keys.get(seen.headers["authorization"])
        text = msgspec.json.encode([seen.path, seen.headers, seen.body]).decode()
        if owner is None:
            # A flow's: the host's key, so by what it is told first.
            owner = next(n for n, o in place.organisations.items() if o.mark in text)
        prompts[owner] += 1
        place.refuse_foreign(owner, "a prompt", text)
    assert set(prompts) == set(place.organisations)
    for name, one in place.organisations.items():
        place.refuse_foreign(name, "metrics", exposition(house.metrics.rows([name])))
        with AuditedStore.open(state / "fleettui.db") as store:
            place.refuse_foreign(name, "audit export", "\n".join(export_lines(store, name, None)))
        folders = [one.folder]
        for below in ("reports", "workspaces", "agents", "runtimes"):
            folders += [p for p in (state / below).glob(f"*@{name}") if p.is_dir()]
        for folder in folders:
            for path in folder.rglob("*"):
                place.refuse_foreign(name, "a file's name", str(path.relative_to(folder)))
                if path.is_file() and not path.is_symlink():
                    place.refuse_foreign(name, str(path), path.read_bytes())
    everything = "".join(
        path.read_text(errors="replace") for path in state.glob("*.log*") if path.is_file()
    )
    for one in place.organisations.values():
        assert f"secret-of-{one.word}" not in everything
        assert f"sk-{one.word}" not in everything
    for line in (state / "requests.log").read_text().splitlines():
        place.refuse_foreign(msgspec.json.decode(line)["tenant"], "requests.log", line)


async def besiege(folder: Path, operations: int, seed: int) -> Counter[str]:
    """Let members do random things, eight at a time; gives how often each was done."""
    done: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    async with opened(folder) as place:
        everybody = await members(place, seed)
        waiting = iter(range(operations))
        chance = Random(seed)

        async def work() -> None:
            for _ in waiting:
                done[(await chance.choice(everybody).act()).name] += 1

        async with asyncio.TaskGroup() as group:
            listeners = [
                group.create_task(hearing)
                for tenant in place.organisations
                for hearing in (
                    listen(place, tenant, heard),
                    overhear(place, tenant, Random(f"{seed} {tenant}")),
                )
            ]
            async with asyncio.TaskGroup() as workers:
                for _ in range(AT_ONCE):
                    workers.create_task(work())
            for one in everybody:
                # Each kind at least once by everybody.
                for kind in (*COMMANDS, *QUERIES):
                    await one.check(one.making.of(kind))
            for tenant in place.organisations:
                await look(place, tenant, chance.choice(ROLES))
            for listener in listeners:
                listener.cancel()
        look_at_what_is_left(place)
        assert set(heard) == set(place.organisations)
    return done


def test_every_command_of_the_door_has_its_least_role_here() -> None:
    assert {one.__name__ for one in COMMANDS} == set(LEAST)


@pytest.mark.timeout(180)
async def test_ten_thousand_operations_show_nobody_what_is_not_theirs(tmp_path: Path) -> None:
    done = await besiege(tmp_path, 10_000, 1)
    assert sum(done.values()) == 10_000


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10, 20))
async def test_a_hundred_thousand_operations(tmp_path: Path, seed: int) -> None:
    done = await besiege(tmp_path, 10_000, seed)
    assert set(done) == {one.__name__ for one in (*COMMANDS, *QUERIES)}
