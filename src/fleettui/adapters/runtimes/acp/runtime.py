"""AcpRuntime: agents that are programs and speak the Agent Client Protocol (`type: acp`)."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fleettui.adapters.processes.keeping import Keeping
from fleettui.adapters.processes.path import find_program
from fleettui.adapters.runtimes.acp.library import Library, load_library
from fleettui.adapters.runtimes.acp.link import Link, mapping
from fleettui.adapters.runtimes.acp.prompts import opening
from fleettui.adapters.runtimes.acp.sessions import Sessions
from fleettui.adapters.runtimes.acp.sitting import Sitting
from fleettui.core.errors import AgentFailed
from fleettui.core.model import Workplace
from fleettui.core.spec.agent import AgentSpec
from fleettui.ports import GuestDoor, Machine, Turn

_START_WITHIN: Final = 60.0
_GONE: Final = "its agent's program ended while it was done; nobody knows whether it was"
_PASSED: Final = ("LANG", "USER", "LOGNAME", "TZ")
_FALLBACK_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(slots=True)
class Seat:
    """What is kept of one agent between its turns."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    link: Link | None = None
    made_of: tuple[Any, ...] = ()
    sitting: Sitting | None = None


class AcpRuntime:
    """Performs turns by prompting the agent's program; one program and one session an agent."""

    COMMAND: tuple[str, ...] = ()
    META: Mapping[str, Any] = {}
    INSTALL = "install it, or mend spec.command"

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._seats: dict[tuple[str, str], Seat] = {}
        self._library: Library | None = None

    def command(self, spec: AgentSpec) -> tuple[str, ...]:
        """Give the argv of an agent's program."""
        return tuple(spec.command) or self.COMMAND

    def lacks(self, spec: AgentSpec, environment: Mapping[str, str]) -> str:
        """Say what an agent needs and this machine has not, with its mend; empty for nothing."""
        command = self.command(spec)
        if not command:
            return "it has no command: name its program with spec.command"
        path = environment.get("PATH") or self._path()
        if "/" not in command[0] and not find_program(command[0], path=path, cwd="/"):
            return f"program not found: {command[0]}; {self.INSTALL}"
        return ""

    async def perform(self, turn: Turn, door: GuestDoor) -> str:
        """Perform the turn, or go on with it; raises AgentFailed."""
        await door.wait_may_go_on()
        await door.wait_settled()
        task = await door.assignment()
        if task.answer is not None:
            return task.answer
        await door.wait_settings()
        seat = self._seats.setdefault((door.fleet, turn.agent), Seat())
        async with seat.lock:
            try:
                answer = await self._sit(seat, turn, door)
            except asyncio.CancelledError:
                await self._leave(seat, door, waiting=False)
                raise
            except BaseException:
                await self._end(seat)
                await self._leave(seat, door, waiting=True)
                raise
            finally:
                seat.sitting = None
            await door.leave("the agent came to its end without it", waiting=True)
            return answer

    async def _leave(self, seat: Seat, door: GuestDoor, *, waiting: bool) -> None:
        """End the program where something it did is open still, and say so of that."""
        if seat.sitting is not None and any(
            tool.action and not tool.over for tool in seat.sitting.hearing.tools.values()
        ):
            await self._end(seat)
        await door.leave(_GONE, waiting=waiting)

    async def _sit(self, seat: Seat, turn: Turn, door: GuestDoor) -> str:
        place = door.workplace()
        missing = self.lacks(door.spec, place.environment)
        if missing:
            raise AgentFailed(missing)
        env = self._environment(place)
        link = await self._linked(seat, door, place, env)
        sessions = Sessions(link, os.path.realpath(place.workspace), dict(self.META))
        task = await door.assignment()
        opened = await sessions.open(task, door)
        await sessions.choose_model(task.model, door)
        text = opening(task, fresh=opened.fresh, told=link.told)
        link.told = task.instructions
        seat.sitting = Sitting(link, door, place, env)
        return await seat.sitting.perform(text, turn.most_steps)

    async def _linked(
        self, seat: Seat, door: GuestDoor, place: Workplace, env: Mapping[str, str]
    ) -> Link:
        """Give the running program of an agent, started anew where it or its file changed."""
        command = self.command(door.spec)
        keeping = Keeping(f"{place.fleet}/{place.agent}", place.limits)
        made_of = (command, place.workspace, keeping, tuple(sorted(env.items())))
        if seat.link is not None and seat.link.alive and seat.made_of == made_of:
            return seat.link
        await self._end(seat)
        if self._library is None:
            self._library = await load_library()

        async def serve(method: str, params: Any, is_notice: bool) -> Any:
            return await self._serve(seat, method, mapping(params), is_notice)

        seat.link = await Link.start(
            self._library, command, cwd=os.path.realpath(place.workspace), env=env,
            keeping=keeping, serve=serve, within=min(_START_WITHIN, door.spec.timeout),
        )  # fmt: skip
        seat.made_of = made_of
        return seat.link

    async def _serve(self, seat: Seat, method: str, params: dict[str, Any], notice: bool) -> Any:
        """Pass on what an agent says or asks; what belongs to no turn is let go."""
        sitting = seat.sitting
        if notice:
            mine = sitting is not None and seat.link is not None
            if mine and method == "session/update" and _is_of(params, seat):
                assert sitting is not None
                sitting.hearing.hear(params.get("update"))
            return None
        assert self._library is not None
        if sitting is None:
            if method == "session/request_permission":
                return {"outcome": {"outcome": "cancelled"}}
            raise self._library.error(-32000, "no turn is going on")
        return await sitting.desk.answer(method, params)

    # --- where an agent's program lives ----------------------------------------------------------

    def _environment(self, place: Workplace) -> dict[str, str]:
        """Give a program's whole environment: a few variables of the host, and the agent's own."""
        passed = {
            name: self._machine.environment[name]
            for name in _PASSED
            if name in self._machine.environment
        }
        fixed = {"TERM": "dumb", "GIT_TERMINAL_PROMPT": "0"}
        env = {"LANG": "C.UTF-8", **passed, **fixed, **place.environment}
        unset = [name for name, value in env.items() if "${" in value]
        if unset:
            raise AgentFailed(
                f"spec.environment {unset[0]} names a variable that is not set",
                "set it where the fleet is opened, or leave it out",
            )
        if "HOME" not in env:
            env["HOME"] = self._home(place)
        given = env.get("PATH")
        env["PATH"] = _absolute(given) if given else self._path()
        return env

    def _path(self) -> str:
        return _absolute(self._machine.environment.get("PATH", ""))

    def _home(self, place: Workplace) -> str:
        """Give the agent's own home, made at first use; nobody else may look into it."""
        names = (_UNSAFE.sub("_", name) for name in (place.tenant, place.fleet, place.agent))
        home = os.path.join(self._machine.folder, "agents", *names)
        os.makedirs(home, mode=0o700, exist_ok=True)
        return home

    # --- ending ----------------------------------------------------------------------------------

    async def _end(self, seat: Seat) -> None:
        link, seat.link = seat.link, None
        if link is not None:
            await link.end()

    async def end(self, fleet: str, agent: str, home: str, turn: str = "") -> None:  # noqa: ARG002 - it has its own
        """End the program of an agent, once its turn is over; of a turn only wait for its end."""
        seat = self._seats.get((fleet, agent))
        if seat is not None:
            async with seat.lock:
                if not turn:
                    await self._end(seat)

    async def tidy(self, alive: Collection[tuple[str, str]], home: str) -> None:
        """End the programs of agents that are not there any more."""
        for fleet, agent in [key for key in self._seats if key not in alive]:
            await self.end(fleet, agent, home)

    async def close(self) -> None:
        """End all programs."""
        ends = [self._end(seat) for seat in self._seats.values()]
        await asyncio.gather(*ends, return_exceptions=True)


def _is_of(params: Mapping[str, Any], seat: Seat) -> bool:
    """Say whether an update is of the session that is at work; some agents leave it out."""
    assert seat.link is not None
    named = params.get("sessionId")
    return named is None or str(named) == seat.link.session


def _absolute(path: str) -> str:
    kept = [entry for entry in path.split(":") if entry.startswith("/")]
    return ":".join(kept) or _FALLBACK_PATH
