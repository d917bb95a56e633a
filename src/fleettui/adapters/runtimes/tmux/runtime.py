"""TmuxRuntime: any interactive program as an agent, in a tmux session of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from fleettui.adapters.processes.path import find_program
from fleettui.adapters.runtimes.tmux.server import TmuxServer
from fleettui.adapters.runtimes.tmux.server import environment as passed_environment
from fleettui.adapters.runtimes.tmux.session import Session
from fleettui.core.errors import FleettuiError
from fleettui.core.sessions import session_name
from fleettui.core.spec.agent import AgentSpec
from fleettui.ports import Turn, TurnDoor


class TmuxRuntime:
    """Types a prompt, and waits for the program's own word that it is done."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    async def perform(self, turn: Turn, door: TurnDoor) -> str:
        """Type the turn's prompt, once however often a process dies, and give the output.

        Raises FleettuiError where the program fails, takes too long, or it is not known whether
        the prompt was typed.
        """
        await door.wait_may_go_on()
        place = door.workplace()
        session = Session(TmuxServer(turn.home), place.fleet, place.agent)
        async with self._lock(session.name):
            alive = await session.is_alive()
            if session.turn == turn.id:
                if not session.is_typed:
                    raise FleettuiError("nobody knows whether the prompt was typed to the program")
            else:
                prompt = _prompt(turn)
                if not alive:
                    await session.begin(turn.spec.command, place, survives=turn.spec.survives)
                    prompt = f"{turn.spec.instructions}\n\n{prompt}".strip()
                await session.type(turn.id, prompt)
        try:
            async with asyncio.timeout(turn.spec.timeout):
                return await session.wait_output(turn.id)
        except TimeoutError:
            await session.end()
            raise FleettuiError(
                f"the program did not say it is done in {turn.spec.timeout:g} s",
                "give it more time with spec.timeout; it must run $FLEETTUI_DONE, or exit",
            ) from None

    def lacks(self, spec: AgentSpec, environment: Mapping[str, str]) -> str:
        """Say what an agent needs and this machine has not, with its mend; empty for nothing."""
        if shutil.which("tmux") is None:
            return "agents of type tmux need tmux: apt-get install tmux"
        path = environment.get("PATH") or passed_environment()["PATH"]
        name = spec.command[0] if spec.command else ""
        if name and "/" not in name and not find_program(name, path=path, cwd="/"):
            return f"program not found: {name}; install it, or mend spec.command"
        return ""

    async def end(self, fleet: str, agent: str, home: str, turn: str = "") -> None:
        """End an agent's session, or only if it works on a turn."""
        session = Session(TmuxServer(home), fleet, agent)
        async with self._lock(session.name):
            if session.folder.exists() and (not turn or session.turn == turn):
                await session.end()

    async def tidy(self, alive: Collection[tuple[str, str]], home: str) -> None:
        """End the sessions of agents that are not there any more, and those whose program ended."""
        server = TmuxServer(home)
        if not Path(server.socket).exists():
            return
        try:
            told = await server.ask("list-sessions", "-F", "#{session_name}")
        except FleettuiError:
            return
        wanted = {session_name(fleet, agent): (fleet, agent) for fleet, agent in alive}
        for name in told.split("\n"):
            owner = wanted.get(name)
            if name and (owner is None or not await Session(server, *owner).is_alive()):
                await server.holds("kill-session", "-t", f"={name}")

    async def close(self) -> None:
        """Leave the sessions: those that are to end with their host do so by themselves."""


def _prompt(turn: Turn) -> str:
    """Give what the agent is told in this turn: the last messages that nobody answered."""
    told: list[str] = []
    for message in reversed(turn.conversation()):
        if message.role != "user":
            break
        told.insert(0, message.content)
    return "\n\n".join(told)
