"""Order: what agents did in a recorded run is taken in the same order when it is replayed."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Final

from fleettui.core.commands import Command
from fleettui.core.model import SYSTEM, Actor
from fleettui.core.state.fleet import FleetState, RunState
from fleettui.engine.engine import Engine
from fleettui.engine.middleware import Chain
from fleettui.ports import Recordings

# How long (seconds) a replay waits for what came before: the world may have changed meanwhile.
PATIENCE: Final = 5.0
_FIELDS: Final = ("turn", "action", "message", "part", "step")


class _Replayed:
    """The order of a recorded run, and how far its replay is."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys, self.at = keys, 0
        self.left = set(keys)
        self.moved = asyncio.Event()

    def is_next(self, key: str) -> bool:
        return key not in self.left or (self.at < len(self.keys) and self.keys[self.at] == key)

    def pass_by(self, key: str) -> None:
        """Go on behind a key; what was left out before it is not waited for any more."""
        if key in self.left:
            self.at = self.keys.index(key, self.at) + 1
            self.left = set(self.keys[self.at :])
        self.moved.set()
        self.moved = asyncio.Event()


class Order:
    """Sends the commands of agents; keeps their order in a recording, and keeps to it in a replay.

    A recording that was cut off says nothing of its end: that goes as it comes.
    """

    def __init__(self, engine: Engine, recordings: Recordings, chain: Chain) -> None:
        self.engine, self._recordings, self.chain = engine, recordings, chain
        self._replayed: dict[str, _Replayed] = {}

    async def send(self, command: Command, actor: Actor = SYSTEM) -> str:
        """Send a command when its turn has come; raises what the engine raises."""
        run = _run_of(self.engine.state(command.fleet), command)
        if run is None or not (run.record or run.replay):
            return await self.engine.send(command, actor)
        key = _key(command)
        if not run.replay:
            sent = self.engine.send(command, actor)
            self._recordings.append_order(run.record, key)
            return await sent
        replayed = self._replayed.get(run.id)
        if replayed is None:
            replayed = _Replayed(self._recordings.read_order(run.replay))
            self._replayed[run.id] = replayed
        try:
            async with asyncio.timeout(PATIENCE):
                while not replayed.is_next(key):
                    await replayed.moved.wait()
        except TimeoutError:
            pass
        sent = self.engine.send(command, actor)
        replayed.pass_by(key)
        return await sent


def _run_of(state: FleetState, command: Command) -> RunState | None:
    """Give the run that a command is about; mail that came while one went on belongs to it."""
    run = getattr(command, "run", "")
    if run:
        return state.runs.get(run)
    action = state.actions.get(getattr(command, "action", ""))
    if action is not None and action.run:
        return state.runs.get(action.run)
    turn = state.turns.get(getattr(command, "turn", "") or (action.turn if action else ""))
    return state.run_of(turn) if turn else state.running()


def _key(command: Command) -> str:
    """Name a command by what it is about: the same in every replay, as ids are."""
    call = getattr(command, "call", "")
    named = [str(getattr(command, name, "")) for name in _FIELDS]
    return " ".join([type(command).__name__, *named, str(getattr(call, "id", call))])


def nonce_of(run: RunState | None, key: str) -> str:
    """Draw a nonce; in a run that is recorded or replayed it follows from the run and the key."""
    if run is None or not (run.record or run.replay):
        return secrets.token_hex(8)
    return hashlib.sha256(f"{run.seed} {key}".encode()).hexdigest()[:16]
