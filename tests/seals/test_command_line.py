"""Every command of the command line as members of five tenants type it, over the real socket."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import click
import pytest

from fleettui.cli.root import COMMANDS
from fleettui.core.model import ROLES
from tests.seals.operations import NASTY, Making, plain
from tests.seals.organisations import Place, opened
from tests.seals.test_seals import _no_keyring  # noqa: F401 used by pytest

# What asks no host, shows a screen or waits for a run: `open`, `attach` are in test_seals' frames.
BESIDE = frozenset(
    {"open", "attach", "attach-agent", "run", "serve", "flow run", "validate", "policy check",
     "generate flow", "import aof", "schema fleet", "schema flow", "schema daemon", "completion",
     "flow explain"}
)  # fmt: skip
# What only the owner of the host may: through a member's eyes it is refused, whatever is asked.
OWNERS = ("audit ", "secret ", "tenant add")


def every_command() -> dict[str, click.Command]:
    """Give every command of the command line by its words."""
    found: dict[str, click.Command] = {}

    def walk(name: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            for below, one in command.commands.items():
                walk(f"{name} {below}", one)
        else:
            found[name] = command

    for name, (module, attribute, _) in COMMANDS.items():
        walk(name, getattr(import_module(f"fleettui.cli.{module}"), attribute))
    return found


REACHING = {name: one for name, one in every_command().items() if name not in BESIDE}


def request(making: Making) -> str:
    return making.request()


def item(making: Making) -> str:
    return making.of_fleets("actions")


def run(making: Making) -> str:
    return making.of_fleets("runs")


def message(making: Making) -> str:
    return making.of_fleets("messages")


VALUES: dict[str, Callable[[Making], str]] = {
    "members": lambda m: "a", "target": Making.checkpoint, "point": Making.checkpoint,
    "agent": Making.agent, "fleet": Making.fleet, "fleet_or_run": run, "run": run,
    "request": request, "id": item, "item": item, "text": Making.text, "why": Making.text,
    "reason": Making.text, "checkpoint": Making.checkpoint, "to": Making.checkpoint,
    "from": Making.checkpoint, "tenant": Making.tenant, "flow": Making.plain_flow,
    "retry": message, "hold": message, "release": message, "drop": message, "restore": message,
    "move": message, "revoke": lambda m: m.of_fleets("rules"), "forget": lambda m: "what",
    "verdict": lambda m: m.choice("approve", "reject"), "lines": lambda m: "100",
    "most": lambda m: "50", "after": lambda m: "0", "since": lambda m: "1h",
    "platform": lambda m: m.choice("manual", *NASTY[:3]), "channel": Making.text,
    "user": Making.text, "event": lambda m: "", "timeout": lambda m: "1",
    "name_or_file": lambda m: "nobody", "member": lambda m: "a", "plan": lambda m: "free",
    "file": lambda m: "none", "output": lambda m: "none", "flows": lambda m: "none",
}  # fmt: skip
# A name that means another thing in each command.
OF_COMMAND: dict[tuple[str, str], Callable[[Making], str]] = {
    ("stop", "name"): Making.fleet,
    ("tenant", "name"): Making.tenant,
    ("secret", "name"): lambda m: m.choice("token", *NASTY),
    ("fork", "name"): lambda m: m.choice("", f"f-{m.mine.word}"),
    ("approve", "id"): item,
}
# Of these a command takes one at a time.
ONE_OF = ("retry", "hold", "release", "drop", "restore", "move", "resume", "cancel")
# Waits, and what asks before it does something.
LEFT_OUT = frozenset(
    {"follow", "wait", "state", "timeout", "folder", "config", "output", "file", "rest", "steps"}
)


def words_of(name: str, command: click.Command, making: Making, chance: Random) -> list[str]:
    """Make a command line: all arguments, and some options."""
    wanted = chance.choice(ONE_OF)
    options: list[str] = []
    arguments: list[str] = []
    for one in command.params:
        key = str(one.name).removesuffix("_")
        left = key in ONE_OF and key != wanted
        optional = isinstance(one, click.Option) and not one.required
        if key in LEFT_OUT or left or (optional and chance.random() < 0.5):
            continue
        if isinstance(one, click.Option) and one.is_flag:
            options.append(one.opts[0])
            continue
        value = value_of(name, key, one, making, chance)
        if "\x00" in value:
            continue
        if isinstance(one, click.Option):
            options.append(f"{one.opts[0]}={value}")
        else:
            arguments.append(value)
    return [*name.split(), *options, "--", *arguments]


def value_of(name: str, key: str, param: click.Parameter, making: Making, chance: Random) -> str:
    if isinstance(param.type, click.Choice):
        return str(chance.choice([*param.type.choices]))
    if isinstance(param.type, click.types.BoolParamType):
        return "true"
    make = OF_COMMAND.get((name.split(maxsplit=1)[0], key)) or VALUES.get(key)
    assert make is not None, f"{name} {key} has no values here"
    return make(making)


class Typist:
    """A process that types for a member."""

    def __init__(self, process: asyncio.subprocess.Process, state: Path) -> None:
        self._process, self._state = process, state

    @classmethod
    async def begun(cls, place: Place, folder: Path) -> Typist:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.seals.typist",
            cwd=Path(__file__).parents[2], limit=1 << 26,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "400"},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        return cls(process, place.state)

    async def type(self, member: str, words: list[str]) -> tuple[int, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps(["--state", str(self._state), "--as", member, *words])
        self._process.stdin.write(line.encode() + b"\n")
        async with asyncio.timeout(30):
            answer = await self._process.stdout.readline()
        code, text = json.loads(answer)
        return int(code), str(text)

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


async def type_much(folder: Path, rounds: int, seed: int) -> Counter[str]:
    """Let members type every command, again and again."""
    done: Counter[str] = Counter()
    async with opened(folder) as place:
        typists = [await Typist.begun(place, folder) for _ in range(2)]
        waiting = iter([name for _ in range(rounds) for name in REACHING])
        chance = Random(seed)

        async def work(typist: Typist) -> None:
            for name in waiting:
                tenant, role = chance.choice(list(place.organisations)), chance.choice(ROLES)
                await one(place, typist, tenant, role, name, chance)
                done[name] += 1

        async with asyncio.TaskGroup() as group:
            for typist in typists:
                group.create_task(work(typist))
        for typist in typists:
            await typist.end()
    return done


async def one(
    place: Place, typist: Typist, tenant: str, role: str, name: str, chance: Random
) -> None:
    organisation = place.organisations[tenant]
    making = Making(place, organisation, chance)
    words = words_of(name, REACHING[name], making, chance)
    member = organisation.members[role]
    code, text = await typist.type(member, words)
    told = f"{role}: {words!r:.400}"
    assert "Traceback" not in text, (told, text)
    place.refuse_foreign(tenant, told, plain(text, making.given))
    if name.startswith(OWNERS):
        assert code, (told, text)
    if making.foreign:
        absent: dict[str, Any] = dict(making.foreign)
        others = [swapped(word, absent) for word in words]
        there = await typist.type(member, others)
        same = (there[0], plain(there[1], absent.values()))
        assert (code, plain(text, absent)) == same, f"{told}\n{text}\n{there[1]}"


def swapped(word: str, absent: dict[str, str]) -> str:
    """Put what is nowhere in place of what is another's, alone or as the value of an option."""
    head, sign, value = word.partition("=")
    if sign and value in absent:
        return f"{head}={absent[value]}"
    return absent.get(word, word)


@pytest.mark.timeout(180)
async def test_what_members_type_shows_them_nothing_of_others(tmp_path: Path) -> None:
    done = await type_much(tmp_path, 6, 1)
    assert set(done) == set(REACHING)


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10, 15))
async def test_thousands_of_command_lines(tmp_path: Path, seed: int) -> None:
    done = await type_much(tmp_path, 20, seed)
    assert set(done) == set(REACHING)
